using System.Buffers;

namespace RxSockets;

/// <summary>What stands behind a lent <see cref="ReceivedSegment"/>: tells whether the loan still holds, and can prolong it.</summary>
internal abstract class SegmentOwner
{
    /// <summary>Counts loans: a segment of an earlier loan has another number.</summary>
    public abstract int Generation { get; }

    /// <summary>Takes the memory over beyond the loan.</summary>
    public abstract IMemoryOwner<byte> Retain(int generation, ReadOnlyMemory<byte> memory);
}
