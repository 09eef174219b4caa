using System.Collections.Concurrent;
using RxSockets.Buffers;
using RxSockets.Operations;

namespace RxSockets.Engines.Managed;

/// <summary>The receive buffers of one size, and the receives that found none and go on when one comes back. Thread-safe.</summary>
internal sealed class ManagedBuffers : IDisposable
{
    private readonly ManagedEngine _engine;
    private readonly ConcurrentQueue<CompletionWork> _starved = new();

    public ManagedBuffers(ManagedEngine engine, int bufferSize, long maxBytes)
    {
        _engine = engine;
        Pool = new BufferPool(bufferSize, maxBytes);
        Pool.BufferAvailable += OnBufferAvailable;
    }

    public BufferPool Pool { get; }

    /// <summary>A receive that found no buffer; its work is scheduled when one comes back.</summary>
    public void AddStarved(CompletionWork retry)
    {
        Interlocked.Increment(ref _engine.Statistics.BufferStarvations);
        _starved.Enqueue(retry);
        // A buffer may have come back, and found nobody, between the failure to rent and here.
        Remind();
    }

    /// <summary>Whoever was woken for a buffer did not need it.</summary>
    public void PassOn()
    {
        if (Pool.HasFree)
            OnBufferAvailable();
    }

    public void Dispose() => Pool.BufferAvailable -= OnBufferAvailable;

    private void OnBufferAvailable()
    {
        // One buffer came back: one receive goes on.
        if (_starved.TryDequeue(out CompletionWork? retry))
        {
            _engine.Schedule(retry);
            return;
        }

        Pool.Sated();
        if (!_starved.IsEmpty)
            Remind();
    }

    private void Remind()
    {
        if (Pool.Starve())
            OnBufferAvailable();
    }
}
