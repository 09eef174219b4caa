using System.Buffers;
using RxSockets.Buffers;
using Xunit;

namespace RxSockets.Tests.Buffers;

public class BufferLeaseTests
{
    private readonly BufferPool _pool = new(bufferSize: 64, maxBytes: 256);

    private BufferLease Filled(int length, IBufferHolder? holder = null)
    {
        BufferLease lease = _pool.TryRent()!;
        lease.Memory.Span.Fill(7);
        lease.Fill(length, holder);
        return lease;
    }

    [Fact]
    public void A_segment_is_valid_until_its_loan_ends()
    {
        BufferLease lease = Filled(5);
        ReceivedSegment segment = lease.Lend();
        Assert.Equal(5, segment.Memory.Length);

        lease.EndLoan();

        Assert.Throws<InvalidOperationException>(() => segment.Memory);
        Assert.Throws<InvalidOperationException>(() => segment.ToArray());
        Assert.Throws<InvalidOperationException>(() => segment.Retain());
        Assert.Equal(0, _pool.Rented);
    }

    [Fact]
    public void A_segment_of_an_earlier_loan_does_not_see_the_next()
    {
        BufferLease lease = Filled(5);
        ReceivedSegment old = lease.Lend();
        lease.EndLoan();

        BufferLease again = Filled(9);
        Assert.Same(lease, again);
        ReceivedSegment current = again.Lend();

        Assert.Throws<InvalidOperationException>(() => old.Memory);
        Assert.Equal(9, current.Memory.Length);
        again.EndLoan();
    }

    [Fact]
    public void Retained_memory_outlives_the_loan_and_goes_home_once()
    {
        BufferLease lease = Filled(5);
        IMemoryOwner<byte> kept = lease.Lend().Retain();
        lease.EndLoan();
        Assert.Equal(1, _pool.Rented);
        Assert.Equal([7, 7, 7, 7, 7], kept.Memory.ToArray());

        kept.Dispose();
        kept.Dispose();

        Assert.Equal(0, _pool.Rented);
        Assert.Throws<ObjectDisposedException>(() => kept.Memory);
    }

    [Fact]
    public void The_holder_is_charged_until_the_last_reference_is_gone()
    {
        var holder = new Holder();
        BufferLease lease = Filled(5, holder);
        IMemoryOwner<byte> kept = lease.Lend().Retain();
        lease.EndLoan();
        Assert.Equal(0, holder.Released);

        kept.Dispose();

        Assert.Equal(64, holder.Released);
    }

    [Fact]
    public void The_pool_stops_at_its_limit_and_says_when_a_buffer_is_back()
    {
        int raised = 0;
        _pool.BufferAvailable += () => raised++;
        BufferLease[] all = [.. Enumerable.Range(0, 4).Select(_ => Filled(1))];
        Assert.Equal(4, all.Distinct().Count());
        Assert.Null(_pool.TryRent());

        all[2].Release();

        Assert.Equal(1, raised);
        Assert.Same(all[2], _pool.TryRent());
    }

    [Fact]
    public void Advancing_takes_bytes_off_the_front()
    {
        BufferLease lease = Filled(5);
        lease.Advance(2);
        Assert.Equal(3, lease.Unread.Length);
        Assert.Equal(3, lease.Lend().Length);
    }

    [Fact]
    public unsafe void Buffers_do_not_move()
    {
        BufferLease lease = Filled(1);
        byte* before = lease.Pointer;
        GC.Collect(2, GCCollectionMode.Aggressive, blocking: true, compacting: true);
        Assert.True(before == lease.Pointer);
    }

    [Fact]
    public void A_segment_from_memory_is_never_returned()
    {
        byte[] bytes = [1, 2, 3];
        ReceivedSegment segment = ReceivedSegment.FromMemory(bytes);
        using IMemoryOwner<byte> kept = segment.Retain();
        Assert.Equal(bytes, segment.ToArray());
        Assert.Equal(bytes, kept.Memory.ToArray());
    }

    [Fact]
    public void Racing_retains_and_returns_leave_no_reference()
    {
        for (int round = 0; round < 500; round++)
        {
            BufferLease lease = Filled(3);
            ReceivedSegment segment = lease.Lend();
            IMemoryOwner<byte>? kept = null;
            Parallel.Invoke(
                () =>
                {
                    try
                    {
                        kept = segment.Retain();
                    }
                    catch (InvalidOperationException)
                    {
                        // The return was first.
                    }
                },
                lease.EndLoan);
            kept?.Dispose();
            Assert.Equal(0, _pool.Rented);
        }
    }

    [Fact]
    public void A_buffer_that_went_home_is_not_revived()
    {
        BufferLease lease = Filled(3);
        Assert.True(lease.TryAddReference());
        lease.Release();
        lease.EndLoan();
        Assert.False(lease.TryAddReference());
        Assert.Equal(0, _pool.Rented);
    }

    [Fact]
    public void A_late_retain_never_sends_a_buffer_home_twice()
    {
        const int Rounds = 100_000;
        ReceivedSegment segment = default;
        int begun = 0;
        int done = 0;
        var late = new Thread(() =>
        {
            for (int round = 1; round <= Rounds; round++)
            {
                Await(ref begun, round);
                try
                {
                    for (int i = 0; i < 3; i++)
                        segment.Retain().Dispose();
                }
                catch (InvalidOperationException)
                {
                    // The return was first.
                }

                Volatile.Write(ref done, round);
            }
        })
        { IsBackground = true };
        late.Start();
        for (int round = 1; round <= Rounds; round++)
        {
            BufferLease lease = Filled(3);
            segment = lease.Lend();
            Volatile.Write(ref begun, round);
            Thread.SpinWait(round % 60);
            lease.EndLoan();
            Await(ref done, round);
            Assert.Equal(0, _pool.Rented);
        }
    }

    private static void Await(ref int value, int wanted)
    {
        var wait = default(SpinWait);
        while (Volatile.Read(ref value) != wanted)
            wait.SpinOnce(sleep1Threshold: -1);
    }

    private sealed class Holder : IBufferHolder
    {
        public int Released { get; private set; }

        void IBufferHolder.Released(int capacity) => Released += capacity;
    }
}
