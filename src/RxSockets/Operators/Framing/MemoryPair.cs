using System.Buffers;

namespace RxSockets;

/// <summary>Two pieces of memory as one sequence, which holds until the next <see cref="Join"/>. Not thread-safe.</summary>
internal sealed class MemoryPair
{
    private readonly Piece _first = new();
    private readonly Piece _second = new();

    public ReadOnlySequence<byte> Join(ReadOnlyMemory<byte> first, ReadOnlyMemory<byte> second)
    {
        _first.Set(first, 0, _second);
        _second.Set(second, first.Length, null);
        return new ReadOnlySequence<byte>(_first, 0, _second, second.Length);
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
