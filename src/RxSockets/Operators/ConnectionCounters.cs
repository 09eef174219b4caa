namespace RxSockets;

/// <summary>What operators on streams of connections did. Give one to any number of operators, or read <see cref="Shared"/>. Thread-safe.</summary>
public sealed class ConnectionCounters
{
    private long _silent;
    private long _idle;
    private long _old;
    private long _rejected;
    private long _failed;

    /// <summary>Counts for every operator that was given no counters of its own.</summary>
    public static ConnectionCounters Shared { get; } = new();

    /// <summary>Connections aborted by <c>DropSilent</c>.</summary>
    public long DroppedSilent => Volatile.Read(ref _silent);

    /// <summary>Connections aborted by <c>DropIdle</c>.</summary>
    public long DroppedIdle => Volatile.Read(ref _idle);

    /// <summary>Connections aborted by <c>DropOlderThan</c>.</summary>
    public long DroppedOld => Volatile.Read(ref _old);

    /// <summary>Connections aborted by <c>LimitConnections</c>.</summary>
    public long Rejected => Volatile.Read(ref _rejected);

    /// <summary>Connections whose stream or handler failed in <c>MergeConnections</c> or <c>ForEachConnectionAsync</c>.</summary>
    public long Failed => Volatile.Read(ref _failed);

    internal void CountSilent() => Interlocked.Increment(ref _silent);

    internal void CountIdle() => Interlocked.Increment(ref _idle);

    internal void CountOld() => Interlocked.Increment(ref _old);

    internal void CountRejected() => Interlocked.Increment(ref _rejected);

    internal void CountFailed() => Interlocked.Increment(ref _failed);
}
