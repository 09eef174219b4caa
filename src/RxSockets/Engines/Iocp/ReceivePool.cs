using System.Collections.Concurrent;
using RxSockets.Buffers;

namespace RxSockets.Engines.Iocp;

/// <summary>A receive that waits for a buffer.</summary>
internal interface IParked
{
    /// <summary>On the loop's thread: a buffer came back.</summary>
    void Unpark();
}

/// <summary>The receive buffers of one size on a loop, and the receives that found none and go on when one comes back. Thread-safe.</summary>
internal sealed class ReceivePool : LoopNode
{
    private readonly IocpLoop _loop;
    private readonly ConcurrentQueue<IParked> _parked = new();

    public ReceivePool(IocpLoop loop, int bufferSize, long maxBytes)
    {
        _loop = loop;
        Buffers = new BufferPool(bufferSize, maxBytes);
        Buffers.BufferAvailable += () => loop.Post(this, 1);
    }

    public BufferPool Buffers { get; }

    /// <summary>A receive found no buffer: it goes on when one comes back. Any thread.</summary>
    public void Park(IParked receive)
    {
        Interlocked.Increment(ref _loop.Statistics.BufferStarvations);
        _parked.Enqueue(receive);
        // Only after it is in the queue: a buffer that came back before this look is found by it, one that comes back later calls us.
        if (Buffers.TryRent() is not { } buffer)
            return;
        buffer.Fill(0, holder: null);
        buffer.Release();
        _loop.Post(this, 1);
    }

    // One receive per buffer that is there: all at once would find none, and be parked again.
    public override void Execute(int commands)
    {
        while (Buffers.HasFree && _parked.TryDequeue(out IParked? receive))
            receive.Unpark();
        if (!_parked.IsEmpty)
            return;
        Buffers.Sated();
        if (!_parked.IsEmpty && Buffers.Starve())
            _loop.Post(this, 1);
    }
}
