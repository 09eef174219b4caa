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
    /// <param name="handler">Runs until the connection is done with. Called where the stream's completions run.</param>
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
        ArgumentNullException.ThrowIfNull(handler);
        Limits.Between(maxConcurrency, 0, int.MaxValue, nameof(maxConcurrency));
        return new ConnectionHandlers<TConnection>(handler, onError, maxConcurrency).RunAsync(connections, cancellationToken);
    }
}
