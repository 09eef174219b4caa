namespace RxSockets;

/// <summary>
/// What MergeConnections and ForEachConnectionAsync share: they own each connection, dispose it once its work is done, and keep its failure
/// from everybody else. A failure goes to the handler given, else to the connection's port; it is counted in any case.
/// </summary>
internal sealed class ConnectionOwner<TConnection>(Action<TConnection, Exception>? onError, ConnectionCounters counters)
    where TConnection : IAsyncDisposable
{
    /// <summary>The connection's work failed.</summary>
    public void Report(TConnection connection, Exception error)
    {
        counters.CountFailed();
        if (onError is not null)
            onError(connection, error);
        else
            (connection as IConnectionFault)?.Faulted(error);
    }

    /// <summary>The connection's work is done. Never throws: what its disposal throws is reported as its failure.</summary>
    public async Task ReleaseAsync(TConnection connection)
    {
        try
        {
            await connection.DisposeAsync().ConfigureAwait(false);
        }
        catch (Exception error)
        {
            Report(connection, error);
        }
    }
}
