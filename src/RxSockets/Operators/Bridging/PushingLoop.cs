using RxSockets.Streams;

namespace RxSockets;

/// <summary>A subscription to a pulled stream: a loop that pulls and pushes. Unsubscribing cancels the pull; the enumerator is disposed by the loop.</summary>
internal sealed class PushingLoop<T>(IAsyncEnumerable<T> source, IObserver<T> observer) : IDisposable
{
    private readonly CancellationTokenSource _stop = new();

    // Begins inside Subscribe only in so far as the first pull does; nothing is pushed there, the caller could not unsubscribe yet.
    public void Start() => AfterSubscribe.Run(this, static loop => _ = loop.RunAsync());

    public void Dispose() => _stop.Cancel();

    private async Task RunAsync()
    {
        await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        Exception? failure = null;
        try
        {
            IAsyncEnumerator<T> items = source.GetAsyncEnumerator(_stop.Token);
            await using (items.ConfigureAwait(false))
            {
                while (!_stop.IsCancellationRequested && await items.MoveNextAsync().ConfigureAwait(false))
                {
                    if (_stop.IsCancellationRequested)
                        await DiscardAsync(items.Current).ConfigureAwait(false);
                    else
                        observer.OnNext(items.Current);
                }
            }
        }
        catch (Exception error)
        {
            failure = error;
        }

        if (_stop.IsCancellationRequested)
            return;
        if (failure is null)
            observer.OnCompleted();
        else
            observer.OnError(failure);
    }

    // It came while the subscriber left: a connection that nobody takes is closed, memory that nobody takes is given back.
    private static async ValueTask DiscardAsync(T item)
    {
        if (item is IAsyncDisposable connection)
            await connection.DisposeAsync().ConfigureAwait(false);
        else
            (item as IDisposable)?.Dispose();
    }
}
