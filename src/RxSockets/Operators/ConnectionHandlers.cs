using Nito.AsyncEx;

namespace RxSockets;

/// <summary>The handlers that run, how many may, and the wait for the last one.</summary>
internal sealed class ConnectionHandlers<TConnection>(Func<TConnection, Task> handler, ConnectionOwner<TConnection> owner, int limit)
    where TConnection : IAsyncDisposable
{
    // Starts at one for the stream itself, so that it cannot reach zero between two connections.
    private readonly AsyncCountdownEvent _running = new(1);
    private readonly ConnectionPlaces _places = new(limit > 0 ? limit : int.MaxValue);

    public async Task RunAsync(IAsyncEnumerable<TConnection> connections, CancellationToken token)
    {
        try
        {
            await _places.TakeAsync(token).ConfigureAwait(false);
            await foreach (TConnection connection in connections.WithCancellation(token).ConfigureAwait(false))
            {
                Start(connection, holdsPlace: true);
                await _places.TakeAsync(token).ConfigureAwait(false);
            }
        }
        finally
        {
            _running.Signal(1);
            await _running.WaitAsync().ConfigureAwait(false);
        }
    }

    public async Task RunAsync(IObservable<TConnection> connections, CancellationToken token)
    {
        var ended = new End();
        var subscription = new PausingSubscription<TConnection>(connections, _places, Start, ended);
        try
        {
            using (token.UnsafeRegister(static (state, cancelled) => ((End)state!).Source.TrySetCanceled(cancelled), ended))
            {
                subscription.Start();
                await ended.Source.Task.ConfigureAwait(false);
            }
        }
        finally
        {
            subscription.Dispose();
            _running.Signal(1);
            await _running.WaitAsync().ConfigureAwait(false);
        }
    }

    private void Start(TConnection connection, bool holdsPlace)
    {
        _running.AddCount(1);
        var work = new Work(this, connection, holdsPlace);
        // On the pool a handler may block before its first await, and the stream must not stand still meanwhile. On a loop thread it may not: documented.
        if (Thread.CurrentThread.IsThreadPoolThread)
            ThreadPool.QueueUserWorkItem(static work => _ = work.Handlers.HandleAsync(work.Connection, work.HoldsPlace), work, preferLocal: true);
        else
            _ = HandleAsync(connection, holdsPlace);
    }

    private async Task HandleAsync(TConnection connection, bool holdsPlace)
    {
        try
        {
            await handler(connection).ConfigureAwait(false);
        }
        catch (Exception error)
        {
            owner.Report(connection, error);
        }
        finally
        {
            await owner.ReleaseAsync(connection).ConfigureAwait(false);
            if (holdsPlace)
                _places.GiveBack();
            _running.Signal(1);
        }
    }

    private sealed record Work(ConnectionHandlers<TConnection> Handlers, TConnection Connection, bool HoldsPlace);

    private sealed class End : IObserver<TConnection>
    {
        public TaskCompletionSource Source { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public void OnNext(TConnection value) => throw new NotSupportedException("Connections go to their handlers.");

        public void OnError(Exception error) => Source.TrySetException(error);

        public void OnCompleted() => Source.TrySetResult();
    }
}
