namespace RxSockets.Engines;

/// <summary>
/// Something that other threads ask things of a loop for: a socket, a listener. What is asked are bits; while any is set the node is in the loop's
/// queue, once. Asking costs no allocation, and asking twice is asking once.
/// </summary>
internal abstract class LoopNode
{
    /// <summary>Link of the loop's queue; belongs to it.</summary>
    internal LoopNode? NextPosted;

    /// <summary>What is asked.</summary>
    internal int Commands;

    /// <summary>On the loop's thread.</summary>
    public abstract void Execute(int commands);
}
