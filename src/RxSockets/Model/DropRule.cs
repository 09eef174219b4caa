namespace RxSockets;

/// <summary>The rules by which connections are dropped, as the metrics name them.</summary>
internal enum DropRule
{
    /// <summary>No first block in time, or too many that wait for theirs (<see cref="ListenerOptions.FirstDataTimeout"/>, <see cref="ListenerOptions.MaxPendingFirstData"/>).</summary>
    FirstData,

    /// <summary>DropSilent.</summary>
    Silent,

    /// <summary>DropIdle.</summary>
    Idle,

    /// <summary>DropOlderThan.</summary>
    Old,

    /// <summary>LimitConnections.</summary>
    Limit,
}
