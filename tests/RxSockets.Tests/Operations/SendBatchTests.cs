using System.Buffers;
using RxSockets.Operations;

namespace RxSockets.Tests.Operations;

/// <summary>Alone: one case takes every buffer that the process has for gathering, and others count on getting one.</summary>
[CollectionDefinition(nameof(SendBatchTests), DisableParallelization = true)]
[Collection(nameof(SendBatchTests))]
public class SendBatchTests
{
    private readonly SendBatch _batch = new();

    [Fact]
    public void Small_arrays_that_follow_one_another_are_one_piece()
    {
        byte[] all = [.. Enumerable.Range(0, 3000).Select(static at => (byte)(at * 7))];
        for (int at = 0; at < all.Length; at += 300)
            _batch.Add(all.AsMemory(at, 300));
        Assert.Equal(1, _batch.Count);
        Assert.Equal(all, _batch.Pieces[0].ToArray());
        Assert.Equal(all.Length, _batch.Bytes);
    }

    [Fact]
    public void One_alone_is_sent_from_where_it_is()
    {
        byte[] alone = new byte[10];
        _batch.Add(alone);
        Assert.True(_batch.Pieces[0].Equals(alone));
    }

    [Fact]
    public void Large_ones_and_other_kinds_of_memory_stay_where_they_are_and_order_is_kept()
    {
        byte[] large = new byte[SendBatch.SmallBytes + 1];
        using IMemoryOwner<byte> owner = new Native();
        _batch.Add("a"u8.ToArray());
        _batch.Add("b"u8.ToArray());
        _batch.Add(large);
        _batch.Add("c"u8.ToArray());
        _batch.Add(owner.Memory);
        _batch.Add("d"u8.ToArray());
        _batch.Add("e"u8.ToArray());
        string[] pieces = [.. _batch.Pieces.ToArray().Select(piece => piece.Equals((ReadOnlyMemory<byte>)large) ? "large" : piece.Equals((ReadOnlyMemory<byte>)owner.Memory) ? "native" : System.Text.Encoding.ASCII.GetString(piece.Span))];
        Assert.Equal(["ab", "large", "c", "native", "d", "e"], pieces);
    }

    [Fact]
    public void What_does_not_fit_is_on_its_own()
    {
        const int Fitting = GatherBuffer.Capacity / SendBatch.SmallBytes;
        for (int i = 0; i <= Fitting; i++)
            _batch.Add(new byte[SendBatch.SmallBytes]);
        Assert.Equal([GatherBuffer.Capacity, SendBatch.SmallBytes], _batch.Pieces.ToArray().Select(static piece => piece.Length));
    }

    [Fact]
    public void The_next_batch_begins_anew()
    {
        _batch.Add("old"u8.ToArray());
        _batch.Add("old"u8.ToArray());
        _batch.Clear();
        _batch.Add("n"u8.ToArray());
        Assert.Equal("n"u8.ToArray(), _batch.Pieces[0].ToArray());
        _batch.Add("ew"u8.ToArray());
        Assert.Equal("new"u8.ToArray(), _batch.Pieces[0].ToArray());
        Assert.Equal(1, _batch.Count);
        Assert.Equal(3, _batch.Bytes);
    }

    [Fact]
    public void However_many_wait_the_memory_for_it_is_bounded()
    {
        SendBatch[] waiting = [.. Enumerable.Range(0, 2 * GatherBuffer.Limit).Select(static _ => new SendBatch())];
        foreach (SendBatch batch in waiting)
        {
            batch.Add("a"u8.ToArray());
            batch.Add("b"u8.ToArray());
        }

        Assert.InRange(waiting.Count(static batch => batch.Count == 1), 1, GatherBuffer.Limit);
        Assert.All(waiting, static batch => Assert.Equal("ab", string.Concat(batch.Pieces.ToArray().Select(static piece => System.Text.Encoding.ASCII.GetString(piece.Span)))));
        foreach (SendBatch batch in waiting)
            batch.Clear();
    }

    [Fact]
    public void Nothing_is_allocated_for_the_second_batch()
    {
        byte[] piece = new byte[100];
        long allocated = 0;
        for (int round = 0; round < 3; round++)
        {
            long before = GC.GetAllocatedBytesForCurrentThread();
            for (int i = 0; i < 10; i++)
                _batch.Add(piece);
            _batch.Clear();
            allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        }

        Assert.Equal(0, allocated);
    }

    private sealed class Native : MemoryManager<byte>
    {
        private readonly byte[] _bytes = new byte[3];

        public override Span<byte> GetSpan() => _bytes;

        public override MemoryHandle Pin(int elementIndex = 0) => default;

        public override void Unpin()
        {
        }

        protected override void Dispose(bool disposing)
        {
        }
    }
}
