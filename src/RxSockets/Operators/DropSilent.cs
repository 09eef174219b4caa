using System.Reactive.Concurrency;

namespace RxSockets;

/// <content>Connections that never spoke.</content>
public static partial class ConnectionOperators
{
    /// <summary>
    /// Aborts connections that say nothing: one that is connected for <paramref name="limit"/> without a first byte is dropped within one second
    /// after it. Time in the backlog counts; a byte that waits unread in the kernel is a byte. A dropped one's <see cref="RxConnection.Closed"/> says so.
    /// One timer for all connections, which watches also while the consumer is slow and after the stream ended.
    /// </summary>
    /// <param name="connections">The stream; each connection is passed on at once.</param>
    /// <param name="limit">How long a connection may be silent, to 24 days.</param>
    /// <param name="timeProvider">The clock of the sweep; null for the system's.</param>
    /// <param name="counters">Where drops are counted; null for <see cref="ConnectionCounters.Shared"/>.</param>
    public static IObservable<TConnection> DropSilent<TConnection>(
        this IObservable<TConnection> connections, TimeSpan limit, TimeProvider? timeProvider = null, ConnectionCounters? counters = null)
        where TConnection : IConnectionActivity =>
        WatchedConnections.Watch(connections, NewSilenceRule(limit, counters), timeProvider);

    /// <summary>The same, on the clock of a scheduler.</summary>
    /// <param name="connections">The stream; each connection is passed on at once.</param>
    /// <param name="limit">How long a connection may be silent, to 24 days.</param>
    /// <param name="scheduler">The clock of the sweep.</param>
    /// <param name="counters">Where drops are counted; null for <see cref="ConnectionCounters.Shared"/>.</param>
    public static IObservable<TConnection> DropSilent<TConnection>(
        this IObservable<TConnection> connections, TimeSpan limit, IScheduler scheduler, ConnectionCounters? counters = null)
        where TConnection : IConnectionActivity =>
        WatchedConnections.Watch(connections, NewSilenceRule(limit, counters), new SchedulerTimeProvider(scheduler));

    /// <summary>The same, pulled.</summary>
    /// <param name="connections">The stream; each connection is passed on at once.</param>
    /// <param name="limit">How long a connection may be silent, to 24 days.</param>
    /// <param name="timeProvider">The clock of the sweep; null for the system's.</param>
    /// <param name="counters">Where drops are counted; null for <see cref="ConnectionCounters.Shared"/>.</param>
    public static IAsyncEnumerable<TConnection> DropSilent<TConnection>(
        this IAsyncEnumerable<TConnection> connections, TimeSpan limit, TimeProvider? timeProvider = null, ConnectionCounters? counters = null)
        where TConnection : IConnectionActivity =>
        WatchedConnections.Watch(connections, NewSilenceRule(limit, counters), timeProvider);

    /// <summary>The same, pulled, on the clock of a scheduler.</summary>
    /// <param name="connections">The stream; each connection is passed on at once.</param>
    /// <param name="limit">How long a connection may be silent, to 24 days.</param>
    /// <param name="scheduler">The clock of the sweep.</param>
    /// <param name="counters">Where drops are counted; null for <see cref="ConnectionCounters.Shared"/>.</param>
    public static IAsyncEnumerable<TConnection> DropSilent<TConnection>(
        this IAsyncEnumerable<TConnection> connections, TimeSpan limit, IScheduler scheduler, ConnectionCounters? counters = null)
        where TConnection : IConnectionActivity =>
        WatchedConnections.Watch(connections, NewSilenceRule(limit, counters), new SchedulerTimeProvider(scheduler));

    private static SilenceRule NewSilenceRule(TimeSpan limit, ConnectionCounters? counters)
    {
        Limits.Positive(limit, nameof(limit));
        return new SilenceRule(limit, counters ?? ConnectionCounters.Shared);
    }
}
