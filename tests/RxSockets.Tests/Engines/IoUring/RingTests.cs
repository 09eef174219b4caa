using RxSockets.Buffers;
using RxSockets.Engines.IoUring;
using RxSockets.Native.Linux;

namespace RxSockets.Tests.Engines.IoUring;

/// <summary>The arithmetic of a ring with requests that do nothing, and what becomes of each refusal.</summary>
public unsafe class RingTests
{
    private static void SkipWithoutIoUring()
    {
        if (EngineSelector.WhyNot(EngineKind.IoUring) is { } reason)
            Assert.Skip("io_uring cannot run here: " + reason);
    }

    private static Ring Open(uint submissions = 8, uint completions = 16)
    {
        SkipWithoutIoUring();
        var ring = new Ring(submissions, completions);
        ring.Enable();
        return ring;
    }

    [Fact]
    public void Entries_used_and_left_are_counted()
    {
        using Ring ring = Open();
        Assert.Equal((8u, 0u, 8u), (ring.SubmissionEntries, ring.Queued, ring.Free));
        for (uint i = 1; i <= 8; i++)
        {
            ring.Next()->user_data = i;
            Assert.Equal((i, 8 - i), (ring.Queued, ring.Free));
        }

        ring.Enter(minComplete: 8, timeoutNanoseconds: -1);
        Assert.Equal((0u, 8u), (ring.Queued, ring.Free));
        for (uint i = 1; i <= 8; i++)
        {
            Assert.True(ring.TryReap(out io_uring_cqe completion));
            Assert.Equal((i, 0), (completion.user_data, completion.res));
        }

        Assert.False(ring.TryReap(out _));
    }

    [Fact]
    public void A_full_queue_submits_by_itself_and_loses_nothing_even_past_the_completion_queue()
    {
        using Ring ring = Open();
        const int Count = 1000;
        for (uint i = 0; i < Count; i++)
            ring.Next()->user_data = i;
        var seen = new HashSet<ulong>();
        for (int rounds = 0; seen.Count < Count && rounds < 2 * Count; rounds++)
        {
            ring.Enter(minComplete: 0, timeoutNanoseconds: -1);
            while (ring.TryReap(out io_uring_cqe completion))
                Assert.True(seen.Add(completion.user_data));
        }

        Assert.Equal(Count, seen.Count);
    }

    [Fact]
    public void Waiting_ends_at_its_time()
    {
        using Ring ring = Open();
        ring.Enter(minComplete: 1, timeoutNanoseconds: 1_000_000);
        Assert.False(ring.TryReap(out _));
    }

    [Fact]
    public void A_buffer_ring_offers_what_the_pool_has_and_takes_more_later()
    {
        using Ring ring = Open();
        var pool = new BufferPool(bufferSize: 256, maxBytes: 3 * 256);
        var buffers = new BufferRing(ring, group: 1, entries: 4);
        Assert.Equal(3, buffers.Refill(pool));
        Assert.Equal(3, buffers.Offered);
        Assert.False(buffers.IsFull);
        BufferLease taken = buffers.Take(0u << IoUringAbi.IORING_CQE_BUFFER_SHIFT);
        Assert.Equal(2, buffers.Offered);
        Assert.Equal(0, buffers.Refill(pool));
        taken.Fill(1, holder: null);
        taken.Release();
        Assert.Equal(1, buffers.Refill(pool));
        Assert.Equal(3, pool.Rented);
        ring.Dispose();
        buffers.Dispose();
        Assert.Equal(0, pool.Rented);
    }

    [Fact]
    public void A_completion_of_an_earlier_life_is_recognised()
    {
        var table = new RequestTable();
        var first = new NoRequest();
        table.Add(first);
        ulong old = first.UserData;
        Assert.Same(first, table.Find(old));
        table.Remove(first);
        Assert.Null(table.Find(old));
        var second = new NoRequest();
        table.Add(second);
        Assert.Equal((uint)old, (uint)second.UserData);
        Assert.Null(table.Find(old));
        Assert.Same(second, table.Find(second.UserData));
        Assert.Null(table.Find(12345));
        for (int i = 0; i < 500; i++)
            table.Add(new NoRequest());
        Assert.Equal(501, table.Count);
    }

    [Theory]
    [InlineData(Errno.EPERM, "forbidden")]
    [InlineData(Errno.ENOSYS, "no io_uring")]
    [InlineData(Errno.EINVAL, "too old")]
    [InlineData(Errno.ENOMEM, "RLIMIT_MEMLOCK")]
    public void A_refusal_is_a_reason_for_people(int errno, string text) =>
        Assert.Contains(text, IoUringEngine.Probe(new CompletionPortOptions().Validated(), new RefusingRingSystem { SetupErrno = errno }), StringComparison.Ordinal);

    [Fact]
    public void Memory_that_cannot_be_locked_makes_smaller_rings_down_to_256()
    {
        var system = new RefusingRingSystem { SetupErrno = Errno.ENOMEM };
        Assert.Throws<RingRefusedException>(() => new Ring(2048, 4096, system: system));
        Assert.Equal([2048u, 1024u, 512u, 256u], system.Asked);

        SkipWithoutIoUring();
        var twice = new RefusingRingSystem { SetupErrno = Errno.ENOMEM, Times = 2 };
        using var ring = new Ring(2048, 4096, system: twice);
        Assert.Equal(512u, ring.SubmissionEntries);
    }

    [Fact]
    public void A_kernel_without_NO_SQARRAY_is_good_enough()
    {
        SkipWithoutIoUring();
        var system = new RefusingRingSystem { RefusedFlags = IoUringAbi.IORING_SETUP_NO_SQARRAY };
        using var ring = new Ring(8, 16, system: system);
        ring.Enable();
        ring.Next()->user_data = 5;
        ring.Enter(1, -1);
        Assert.True(ring.TryReap(out io_uring_cqe completion));
        Assert.Equal(5u, completion.user_data);
    }

    [Fact]
    public void A_missing_operation_or_buffer_ring_is_named()
    {
        SkipWithoutIoUring();
        CompletionPortOptions options = new CompletionPortOptions().Validated();
        Assert.Contains("ACCEPT", IoUringEngine.Probe(options, new RefusingRingSystem { WithoutOperations = true }), StringComparison.Ordinal);
        Assert.Contains("IORING_REGISTER_PBUF_RING", IoUringEngine.Probe(options, new RefusingRingSystem { RefusedRegister = IoUringAbi.IORING_REGISTER_PBUF_RING }), StringComparison.Ordinal);
        Assert.Null(IoUringEngine.Probe(options));
    }

    private sealed class NoRequest : IoUringRequest
    {
        public override void OnCompletion(int result, uint flags)
        {
        }
    }
}
