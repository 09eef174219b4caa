namespace RxSockets;

/// <summary>A subscription to a pulled stream: a loop that pulls and pushes. Unsubscribing cancels the pull; the enumerator is disposed by the loop.</summary>
internal sealed class PushingLoop<T>(IAsyncEnumerable<T> source, IObserver<T> observer) : IDisposable
{
    private readonly CancellationTokenSource _stop = new();

    // Begins inside Subscribe only in so far as the first pull does; nothing is pushed there, the caller could not unsubscribe yet.
    public void Start() => _ = RunAsync();

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
                    if (!_stop.IsCancellationRequested)
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
}
