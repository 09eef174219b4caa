using System.Buffers;
using RxSockets.Operations;

namespace RxSockets;

/// <summary>Two pieces of memory as one sequence, and room for a prefix. Pooled; nobody may use the sequence after <see cref="Return"/>.</summary>
internal sealed class OutgoingFrame
{
    private readonly byte[] _prefix = new byte[PrefixCodec.MaxVarintLength];
    private readonly MemoryPair _pieces = new();

    public ReadOnlySequence<byte> WithPrefix(LengthPrefix prefix, ReadOnlyMemory<byte> frame) =>
        Join(_prefix.AsMemory(0, PrefixCodec.Write(_prefix, prefix, frame.Length)), frame);

    public ReadOnlySequence<byte> Join(ReadOnlyMemory<byte> first, ReadOnlyMemory<byte> second) => _pieces.Join(first, second);

    public void Return()
    {
        Join(default, default);
        OperationPool<OutgoingFrame>.Return(this);
    }
}
