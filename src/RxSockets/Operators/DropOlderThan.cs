using System.Reactive.Concurrency;

namespace RxSockets;

/// <content>Connections that are too old.</content>
public static partial class ConnectionOperators
{
    /// <summary>
    /// Aborts connections older than <paramref name="limit"/>, within one second after it, whatever they do. One timer for all connections.
    /// </summary>
    /// <param name="connections">The stream; each connection is passed on at once.</param>
    /// <param name="limit">How old a connection may become, to 24 days.</param>
    /// <param name="timeProvider">The clock of the sweep; null for the system's.</param>
    /// <param name="counters">Where drops are counted; null for <see cref="ConnectionCounters.Shared"/>.</param>
    public static IObservable<TConnection> DropOlderThan<TConnection>(
        this IObservable<TConnection> connections, TimeSpan limit, TimeProvider? timeProvider = null, ConnectionCounters? counters = null)
        where TConnection : IConnectionActivity =>
        WatchedConnections.Watch(connections, NewAgeRule(limit, counters), timeProvider);

    /// <summary>The same, on the clock of a scheduler.</summary>
    /// <param name="connections">The stream; each connection is passed on at once.</param>
    /// <param name="limit">How old a connection may become, to 24 days.</param>
    /// <param name="scheduler">The clock of the sweep.</param>
    /// <param name="counters">Where drops are counted; null for <see cref="ConnectionCounters.Shared"/>.</param>
    public static IObservable<TConnection> DropOlderThan<TConnection>(
        this IObservable<TConnection> connections, TimeSpan limit, IScheduler scheduler, ConnectionCounters? counters = null)
        where TConnection : IConnectionActivity =>
        WatchedConnections.Watch(connections, NewAgeRule(limit, counters), new SchedulerTimeProvider(scheduler));

    /// <summary>The same, pulled.</summary>
    /// <param name="connections">The stream; each connection is passed on at once.</param>
    /// <param name="limit">How old a connection may become, to 24 days.</param>
    /// <param name="timeProvider">The clock of the sweep; null for the system's.</param>
    /// <param name="counters">Where drops are counted; null for <see cref="ConnectionCounters.Shared"/>.</param>
    public static IAsyncEnumerable<TConnection> DropOlderThan<TConnection>(
        this IAsyncEnumerable<TConnection> connections, TimeSpan limit, TimeProvider? timeProvider = null, ConnectionCounters? counters = null)
        where TConnection : IConnectionActivity =>
        WatchedConnections.Watch(connections, NewAgeRule(limit, counters), timeProvider);

    /// <summary>The same, pulled, on the clock of a scheduler.</summary>
    /// <param name="connections">The stream; each connection is passed on at once.</param>
    /// <param name="limit">How old a connection may become, to 24 days.</param>
    /// <param name="scheduler">The clock of the sweep.</param>
    /// <param name="counters">Where drops are counted; null for <see cref="ConnectionCounters.Shared"/>.</param>
    public static IAsyncEnumerable<TConnection> DropOlderThan<TConnection>(
        this IAsyncEnumerable<TConnection> connections, TimeSpan limit, IScheduler scheduler, ConnectionCounters? counters = null)
        where TConnection : IConnectionActivity =>
        WatchedConnections.Watch(connections, NewAgeRule(limit, counters), new SchedulerTimeProvider(scheduler));

    private static AgeRule NewAgeRule(TimeSpan limit, ConnectionCounters? counters)
    {
        Limits.Positive(limit, nameof(limit));
        return new AgeRule(limit, counters ?? ConnectionCounters.Shared);
    }
}
