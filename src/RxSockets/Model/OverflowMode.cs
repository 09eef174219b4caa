namespace RxSockets;

/// <summary>What a bounded bridge does with an item that finds it full.</summary>
public enum OverflowMode
{
    /// <summary>
    /// The thread that pushes waits for room: backpressure, for the price of that thread. Right on the thread pool; not with inline scheduling,
    /// where it would hold up a loop.
    /// </summary>
    Wait,

    /// <summary>The oldest item is dropped.</summary>
    DropOldest,

    /// <summary>The newest item in the bridge is dropped to make room for the one that came.</summary>
    DropNewest,

    /// <summary>The bridge fails with <see cref="BridgeOverflowException"/> once what is in it was read, and unsubscribes.</summary>
    Fail,
}
