using System.Buffers;
using RxSockets.Operations;

namespace RxSockets;

/// <summary>Two pieces of memory as one sequence, and room for a prefix. Pooled; nobody may use the sequence after <see cref="Return"/>.</summary>
internal sealed class OutgoingFrame
{
    private readonly byte[] _prefix = new byte[PrefixCodec.MaxVarintLength];
    private readonly Piece _first = new();
    private readonly Piece _second = new();

    public ReadOnlySequence<byte> WithPrefix(LengthPrefix prefix, ReadOnlyMemory<byte> frame) =>
        Join(_prefix.AsMemory(0, PrefixCodec.Write(_prefix, prefix, frame.Length)), frame);

    public ReadOnlySequence<byte> Join(ReadOnlyMemory<byte> first, ReadOnlyMemory<byte> second)
    {
        _first.Set(first, 0, _second);
        _second.Set(second, first.Length, null);
        return new ReadOnlySequence<byte>(_first, 0, _second, second.Length);
    }

    public void Return()
    {
        Join(default, default);
        OperationPool<OutgoingFrame>.Return(this);
    }

    private sealed class Piece : ReadOnlySequenceSegment<byte>
    {
        public void Set(ReadOnlyMemory<byte> memory, long index, Piece? next)
        {
            Memory = memory;
            RunningIndex = index;
            Next = next;
        }
    }
}
