using Nito.AsyncEx;

namespace RxSockets;

/// <summary>
/// Hands items of many producers to one consumer, one at a time and without a queue: a producer goes on when the consumer is done with its item, so an item
/// may be lent.
/// </summary>
internal sealed class Handoff<T>
{
    private readonly AsyncSemaphore _turn = new(1);
    private readonly AsyncAutoResetEvent _offered = new();
    private readonly AsyncAutoResetEvent _taken = new();
    private bool _completed;

    public T Current { get; private set; } = default!;

    /// <summary>A producer's item; completes when the consumer is done with it.</summary>
    public async Task OfferAsync(T item, CancellationToken token)
    {
        await _turn.WaitAsync(token).ConfigureAwait(false);
        try
        {
            Current = item;
            _offered.Set();
            await _taken.WaitAsync(token).ConfigureAwait(false);
        }
        finally
        {
            _turn.Release();
        }
    }

    /// <summary>No producer is left.</summary>
    public void Complete()
    {
        Volatile.Write(ref _completed, true);
        _offered.Set();
    }

    /// <summary>The consumer waits for an item; false when there will be none.</summary>
    public async Task<bool> WaitAsync(CancellationToken token)
    {
        await _offered.WaitAsync(token).ConfigureAwait(false);
        return !Volatile.Read(ref _completed);
    }

    /// <summary>The consumer is done with the item.</summary>
    public void Taken() => _taken.Set();
}
