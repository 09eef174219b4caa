namespace RxSockets;

/// <summary>Operators on streams of connections.</summary>
public static partial class ConnectionOperators
{
    /// <summary>
    /// Runs a handler for every connection, many at a time, and disposes each connection when its handler ends. A handler's exception never
    /// ends the stream: it goes to <paramref name="onError"/>, else the connection is aborted and the exception goes to
    /// <see cref="CompletionPort.UnhandledException"/>. Completes when the stream has ended and every handler too.
    /// </summary>
    /// <param name="connections">The stream; the operator owns each connection.</param>
    /// <param name="handler">Runs until the connection is done with. Called where the stream's completions run; on the thread pool a handler that blocks holds up nobody.</param>
    /// <param name="onError">Hears of a handler's exception, before its connection is disposed. Must not throw.</param>
    /// <param name="maxConcurrency">Handlers at a time; 0 (the default) is no limit. At the limit no connection is taken: clients wait in the backlog.</param>
    /// <param name="cancellationToken">Ends the stream; running handlers are awaited.</param>
    public static Task ForEachConnectionAsync<TConnection>(
        this IAsyncEnumerable<TConnection> connections,
        Func<TConnection, Task> handler,
        Action<TConnection, Exception>? onError = null,
        int maxConcurrency = 0,
        CancellationToken cancellationToken = default)
        where TConnection : IAsyncDisposable
    {
        ArgumentNullException.ThrowIfNull(connections);
        return NewHandlers(handler, onError, maxConcurrency).RunAsync(connections, cancellationToken);
    }

    /// <summary>The same for a pushed stream. At the limit it leaves the stream and comes back: see <see cref="LimitConnections{TConnection}(IObservable{TConnection}, int, ConnectionLimitMode, ConnectionCounters)"/>.</summary>
    /// <param name="connections">The stream; the operator owns each connection.</param>
    /// <param name="handler">Runs until the connection is done with.</param>
    /// <param name="onError">Hears of a handler's exception, before its connection is disposed. Must not throw.</param>
    /// <param name="maxConcurrency">Handlers at a time; 0 (the default) is no limit.</param>
    /// <param name="cancellationToken">Ends the subscription; running handlers are awaited.</param>
    public static Task ForEachConnectionAsync<TConnection>(
        this IObservable<TConnection> connections,
        Func<TConnection, Task> handler,
        Action<TConnection, Exception>? onError = null,
        int maxConcurrency = 0,
        CancellationToken cancellationToken = default)
        where TConnection : IAsyncDisposable
    {
        ArgumentNullException.ThrowIfNull(connections);
        return NewHandlers(handler, onError, maxConcurrency).RunAsync(connections, cancellationToken);
    }

    private static ConnectionHandlers<TConnection> NewHandlers<TConnection>(
        Func<TConnection, Task> handler, Action<TConnection, Exception>? onError, int maxConcurrency)
        where TConnection : IAsyncDisposable
    {
        ArgumentNullException.ThrowIfNull(handler);
        Limits.Between(maxConcurrency, 0, int.MaxValue, nameof(maxConcurrency));
        return new ConnectionHandlers<TConnection>(handler, new ConnectionOwner<TConnection>(onError, ConnectionCounters.Shared), maxConcurrency);
    }
}
