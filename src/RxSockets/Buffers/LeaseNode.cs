using System.Buffers;

namespace RxSockets.Buffers;

/// <summary>One buffer as a link of a <see cref="ReadOnlySequence{T}"/>. Belongs to its lease and is used again with it, so a sequence costs no allocation.</summary>
internal sealed class LeaseNode : ReadOnlySequenceSegment<byte>
{
    /// <summary>Begins a chain.</summary>
    public void Begin(ReadOnlyMemory<byte> filled)
    {
        Memory = filled;
        RunningIndex = 0;
        Next = null;
    }

    /// <summary>Links this node behind another. A sequence that is out ends before this node and does not look at the new link.</summary>
    public void Follow(LeaseNode before, ReadOnlyMemory<byte> filled)
    {
        Memory = filled;
        RunningIndex = before.RunningIndex + before.Memory.Length;
        Next = null;
        before.Next = this;
    }
}
