namespace RxSockets;

/// <summary>What <c>LimitConnections</c> does with a connection beyond the limit.</summary>
public enum ConnectionLimitMode
{
    /// <summary>It is not taken from the stream before another one is closed: clients wait in the backlog.</summary>
    Wait,

    /// <summary>It is taken and aborted at once: clients hear a reset.</summary>
    Reject,
}
