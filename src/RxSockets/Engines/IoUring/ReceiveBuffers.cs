using RxSockets.Buffers;

namespace RxSockets.Engines.IoUring;

/// <summary>
/// The receive buffers of one size on a loop: their pool, the ring that offers them to the kernel, and the receives that found none and wait for one
/// to come back. On the loop's thread, but for <see cref="Pool"/>.
/// </summary>
internal sealed class ReceiveBuffers : IDisposable
{
    private readonly IoUringLoop _loop;
    private readonly BufferRing _ring;
    private readonly Queue<IParkedReceive> _parked = new();
    private readonly RefillNode _refill;

    public ReceiveBuffers(IoUringLoop loop, Ring ring, ushort group, int bufferSize, int entries, long maxBytes)
    {
        _loop = loop;
        _ring = new BufferRing(ring, group, entries);
        Pool = new BufferPool(bufferSize, maxBytes);
        _refill = new RefillNode(this);
        Pool.BufferAvailable += () => _loop.Post(_refill, 1);
    }

    public BufferPool Pool { get; }

    public ushort Group => _ring.Group;

    public int BufferSize => Pool.BufferSize;

    public void Fill() => _ring.Refill(Pool);

    /// <summary>The buffer that a completion brought; its place is filled with another one at once.</summary>
    public BufferLease Take(uint flags)
    {
        BufferLease buffer = _ring.Take(flags);
        _ring.Refill(Pool);
        return buffer;
    }

    /// <summary>The same for a receive that filled several.</summary>
    public void Take(uint flags, int count, ref LeaseList list)
    {
        _ring.Take(flags, count, ref list);
        _ring.Refill(Pool);
    }

    /// <summary>A receive found no buffer: it goes on when one comes back, not before (a naive re-arm would spin).</summary>
    public void Park(IParkedReceive receive)
    {
        Interlocked.Increment(ref _loop.Statistics.BufferStarvations);
        _parked.Enqueue(receive);
        // Buffers may have come back between the kernel's look and ours.
        if (_ring.Refill(Pool) > 0 || _ring.Offered > 0)
            _loop.Post(_refill, 1);
    }

    /// <summary>Only after the ring was closed: the kernel may write into the buffers until then.</summary>
    public void Dispose() => _ring.Dispose();

    // As many as there are buffers, and in the next round again: an armed receive holds no buffer until data comes, so with buffers on offer nobody
    // may stay parked; and all at once would fail, and be parked again, for every single buffer that comes back.
    private void Unpark()
    {
        _ring.Refill(Pool);
        if (_ring.IsFull)
            Pool.Sated();
        for (int left = _ring.Offered; left > 0 && _parked.TryDequeue(out IParkedReceive? receive);)
        {
            if (receive.Unpark())
                left--;
        }

        if (_parked.Count > 0 && _ring.Offered > 0)
            _loop.Post(_refill, 1);
    }

    private sealed class RefillNode(ReceiveBuffers buffers) : LoopNode
    {
        public override void Execute(int commands) => buffers.Unpark();
    }
}

/// <summary>A receive that may have to wait for a buffer.</summary>
internal interface IParkedReceive
{
    /// <summary>On the loop's thread: a buffer came back. False when it does not wait any more.</summary>
    bool Unpark();
}
