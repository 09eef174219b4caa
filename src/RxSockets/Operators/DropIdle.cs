using System.Reactive.Concurrency;

namespace RxSockets;

/// <content>Connections that stopped speaking.</content>
public static partial class ConnectionOperators
{
    /// <summary>
    /// Aborts connections from which nothing was received for <paramref name="limit"/>, within one second after it. Sends do not count, unless asked.
    /// A connection with bytes that nobody took yet, in the kernel or in the connection, is not idle: a slow consumer costs no client its connection.
    /// One timer for all connections, which watches also while the consumer is slow and after the stream ended.
    /// </summary>
    /// <param name="connections">The stream; each connection is passed on at once.</param>
    /// <param name="limit">How long a connection may be idle, to 24 days.</param>
    /// <param name="timeProvider">The clock of the sweep; null for the system's.</param>
    /// <param name="countSends">Bytes that left count as well.</param>
    /// <param name="counters">Where drops are counted; null for <see cref="ConnectionCounters.Shared"/>.</param>
    public static IObservable<TConnection> DropIdle<TConnection>(
        this IObservable<TConnection> connections, TimeSpan limit, TimeProvider? timeProvider = null, bool countSends = false, ConnectionCounters? counters = null)
        where TConnection : IConnectionActivity =>
        WatchedConnections.Watch(connections, NewIdlenessRule(limit, countSends, counters), timeProvider);

    /// <summary>The same, on the clock of a scheduler.</summary>
    /// <param name="connections">The stream; each connection is passed on at once.</param>
    /// <param name="limit">How long a connection may be idle, to 24 days.</param>
    /// <param name="scheduler">The clock of the sweep.</param>
    /// <param name="countSends">Bytes that left count as well.</param>
    /// <param name="counters">Where drops are counted; null for <see cref="ConnectionCounters.Shared"/>.</param>
    public static IObservable<TConnection> DropIdle<TConnection>(
        this IObservable<TConnection> connections, TimeSpan limit, IScheduler scheduler, bool countSends = false, ConnectionCounters? counters = null)
        where TConnection : IConnectionActivity =>
        WatchedConnections.Watch(connections, NewIdlenessRule(limit, countSends, counters), new SchedulerTimeProvider(scheduler));

    /// <summary>The same, pulled.</summary>
    /// <param name="connections">The stream; each connection is passed on at once.</param>
    /// <param name="limit">How long a connection may be idle, to 24 days.</param>
    /// <param name="timeProvider">The clock of the sweep; null for the system's.</param>
    /// <param name="countSends">Bytes that left count as well.</param>
    /// <param name="counters">Where drops are counted; null for <see cref="ConnectionCounters.Shared"/>.</param>
    public static IAsyncEnumerable<TConnection> DropIdle<TConnection>(
        this IAsyncEnumerable<TConnection> connections, TimeSpan limit, TimeProvider? timeProvider = null, bool countSends = false, ConnectionCounters? counters = null)
        where TConnection : IConnectionActivity =>
        WatchedConnections.Watch(connections, NewIdlenessRule(limit, countSends, counters), timeProvider);

    /// <summary>The same, pulled, on the clock of a scheduler.</summary>
    /// <param name="connections">The stream; each connection is passed on at once.</param>
    /// <param name="limit">How long a connection may be idle, to 24 days.</param>
    /// <param name="scheduler">The clock of the sweep.</param>
    /// <param name="countSends">Bytes that left count as well.</param>
    /// <param name="counters">Where drops are counted; null for <see cref="ConnectionCounters.Shared"/>.</param>
    public static IAsyncEnumerable<TConnection> DropIdle<TConnection>(
        this IAsyncEnumerable<TConnection> connections, TimeSpan limit, IScheduler scheduler, bool countSends = false, ConnectionCounters? counters = null)
        where TConnection : IConnectionActivity =>
        WatchedConnections.Watch(connections, NewIdlenessRule(limit, countSends, counters), new SchedulerTimeProvider(scheduler));

    private static IdlenessRule NewIdlenessRule(TimeSpan limit, bool countSends, ConnectionCounters? counters)
    {
        Limits.Positive(limit, nameof(limit));
        return new IdlenessRule(limit, countSends, counters ?? ConnectionCounters.Shared);
    }
}
