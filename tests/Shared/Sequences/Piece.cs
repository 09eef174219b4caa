using System.Buffers;

namespace RxSockets.Testing;

/// <summary>A piece of a sequence that a test makes of several.</summary>
internal sealed class Piece : ReadOnlySequenceSegment<byte>
{
    public Piece(ReadOnlyMemory<byte> memory) => Memory = memory;

    /// <summary>The pieces, linked in their order.</summary>
    public static Piece[] Link(IReadOnlyList<byte[]> pieces)
    {
        Piece[] linked = new Piece[pieces.Count];
        for (int i = 0; i < linked.Length; i++)
            linked[i] = i == 0 ? new Piece(pieces[0]) : linked[i - 1].Append(pieces[i]);
        return linked;
    }

    /// <summary>A stream in pieces of these lengths, over and over, at most so many of them; in one where there is no length. No piece is empty.</summary>
    public static List<byte[]> Cut(byte[] stream, IReadOnlyList<int> lengths, int most = int.MaxValue)
    {
        List<byte[]> pieces = [];
        for (int at = 0; at < stream.Length; at += pieces[^1].Length)
        {
            int length = lengths.Count == 0 || pieces.Count == most - 1 ? stream.Length : lengths[pieces.Count % lengths.Count];
            pieces.Add(stream[at..(int)Math.Min(stream.Length, (long)at + length)]);
        }

        return pieces;
    }

    /// <summary>From the first byte of one to the last of another.</summary>
    public static ReadOnlySequence<byte> Sequence(Piece first, Piece last) => new(first, 0, last, last.Memory.Length);

    public Piece Append(ReadOnlyMemory<byte> memory)
    {
        var next = new Piece(memory) { RunningIndex = RunningIndex + Memory.Length };
        Next = next;
        return next;
    }
}
