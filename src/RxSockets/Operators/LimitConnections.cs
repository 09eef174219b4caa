namespace RxSockets;

/// <content>So many at a time.</content>
public static partial class ConnectionOperators
{
    /// <summary>
    /// Lets at most <paramref name="max"/> connections be open at a time. At the limit further ones wait in the backlog, or are aborted. The count is the operator's,
    /// whoever subscribes. Waiting means to leave the stream and to come back: right for <see cref="RxListener.Accepted"/> and operators on it; a hot source does not wait.
    /// While it waits, the end of the stream is not seen.
    /// </summary>
    /// <param name="connections">The stream.</param>
    /// <param name="max">Connections open at a time, at least 1.</param>
    /// <param name="mode">Wait or reject.</param>
    /// <param name="counters">Where rejections are counted; null for <see cref="ConnectionCounters.Shared"/>.</param>
    public static IObservable<TConnection> LimitConnections<TConnection>(
        this IObservable<TConnection> connections, int max, ConnectionLimitMode mode = ConnectionLimitMode.Wait, ConnectionCounters? counters = null)
        where TConnection : IConnectionActivity
    {
        ArgumentNullException.ThrowIfNull(connections);
        return NewLimit<TConnection>(max, mode, counters).Over(connections);
    }

    /// <summary>The same, pulled. Waiting means not to pull: any source waits.</summary>
    /// <param name="connections">The stream.</param>
    /// <param name="max">Connections open at a time, at least 1.</param>
    /// <param name="mode">Wait or reject.</param>
    /// <param name="counters">Where rejections are counted; null for <see cref="ConnectionCounters.Shared"/>.</param>
    public static IAsyncEnumerable<TConnection> LimitConnections<TConnection>(
        this IAsyncEnumerable<TConnection> connections, int max, ConnectionLimitMode mode = ConnectionLimitMode.Wait, ConnectionCounters? counters = null)
        where TConnection : IConnectionActivity
    {
        ArgumentNullException.ThrowIfNull(connections);
        return NewLimit<TConnection>(max, mode, counters).Over(connections);
    }

    private static LimitedConnections<TConnection> NewLimit<TConnection>(int max, ConnectionLimitMode mode, ConnectionCounters? counters)
        where TConnection : IConnectionActivity
    {
        Limits.Between(max, 1, int.MaxValue, nameof(max));
        Limits.Defined(mode, nameof(mode));
        return new LimitedConnections<TConnection>(max, mode, counters ?? ConnectionCounters.Shared);
    }
}
