using Nito.AsyncEx;

namespace RxSockets;

/// <summary>The handlers that run, how many may, and the wait for the last one.</summary>
internal sealed class ConnectionHandlers<TConnection>(Func<TConnection, Task> handler, Action<TConnection, Exception>? onError, int limit)
    where TConnection : IAsyncDisposable
{
    // Starts at one for the stream itself, so that it cannot reach zero between two connections.
    private readonly AsyncCountdownEvent _running = new(1);
    private readonly AsyncSemaphore? _places = limit > 0 ? new AsyncSemaphore(limit) : null;

    public async Task RunAsync(IAsyncEnumerable<TConnection> connections, CancellationToken token)
    {
        try
        {
            if (_places is not null)
                await _places.WaitAsync(token).ConfigureAwait(false);
            await foreach (TConnection connection in connections.WithCancellation(token).ConfigureAwait(false))
            {
                _running.AddCount(1);
                _ = HandleAsync(connection);
                if (_places is not null)
                    await _places.WaitAsync(token).ConfigureAwait(false);
            }
        }
        finally
        {
            _running.Signal(1);
            await _running.WaitAsync().ConfigureAwait(false);
        }
    }

    private async Task HandleAsync(TConnection connection)
    {
        try
        {
            await handler(connection).ConfigureAwait(false);
        }
        catch (Exception error)
        {
            Report(connection, error);
        }
        finally
        {
            await connection.DisposeAsync().ConfigureAwait(false);
            _places?.Release();
            _running.Signal(1);
        }
    }

    private void Report(TConnection connection, Exception error)
    {
        if (onError is not null)
            onError(connection, error);
        else
            (connection as IConnectionFault)?.Faulted(error);
    }
}
