using System.Buffers;

namespace RxSockets.Buffers;

/// <summary>One buffer as a link of a <see cref="ReadOnlySequence{T}"/>. Belongs to its lease and is used again with it, so a sequence costs no allocation.</summary>
internal sealed class LeaseNode : ReadOnlySequenceSegment<byte>
{
    /// <summary>Where in its buffer the node's memory begins.</summary>
    public int Origin { get; private set; }

    /// <summary>Begins a chain.</summary>
    public void Begin(ReadOnlyMemory<byte> filled)
    {
        Origin = 0;
        Memory = filled;
        RunningIndex = 0;
        Next = null;
    }

    /// <summary>Links this node behind another. A sequence that is out ends before this node and does not look at the new link.</summary>
    /// <param name="before">The last node so far.</param>
    /// <param name="unread">What was not taken off the buffer: all of it, but where a first block was split off.</param>
    /// <param name="origin">Where in the buffer that is.</param>
    public void Follow(LeaseNode before, ReadOnlyMemory<byte> unread, int origin)
    {
        Origin = origin;
        Memory = unread;
        RunningIndex = before.RunningIndex + before.Memory.Length;
        Next = null;
        before.Next = this;
    }
}
