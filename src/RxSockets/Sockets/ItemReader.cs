using RxSockets.Operations;

namespace RxSockets.Sockets;

/// <summary>
/// The one reader of an <see cref="ItemSource{T}"/>: an enumerator, a subscription or a single call. Its fields belong to the source and are
/// guarded by the source's lock. <see cref="CompletionWork.Run"/> is scheduled when what it waits for is there.
/// </summary>
internal abstract class ItemReader : CompletionWork
{
    /// <summary>It is the reader. False for a successor that waits for the reader before it to leave.</summary>
    internal bool Granted;

    /// <summary>It waits to be scheduled.</summary>
    internal bool Waiting;

    /// <summary>It is inside OnNext.</summary>
    internal bool InCallback;

    /// <summary>It will not read again.</summary>
    internal bool Left;

    /// <summary>It came second and the reader before it stayed.</summary>
    internal bool Refused;

    /// <summary>Its token was cancelled.</summary>
    internal bool Cancelled;

    internal void ResetReader() => Granted = Waiting = InCallback = Left = Refused = Cancelled = false;
}

/// <summary>What a reader finds.</summary>
internal enum TakeResult
{
    /// <summary>An item.</summary>
    Item,

    /// <summary>Nothing yet: the reader is scheduled when there is.</summary>
    Pending,

    /// <summary>The end; nothing is left.</summary>
    Ended,

    /// <summary>There is another reader.</summary>
    Refused,

    /// <summary>The reader's token was cancelled.</summary>
    Cancelled,

    /// <summary>The reader has left.</summary>
    Left,
}
