using System.Buffers;

namespace RxSockets.Fuzz;

/// <summary>Pieces as a sequence, or the beginning of it.</summary>
internal sealed class Piece : ReadOnlySequenceSegment<byte>
{
    private Piece(byte[] bytes, long index) => (Memory, RunningIndex) = (bytes, index);

    public static Piece[] Link(IReadOnlyList<byte[]> pieces)
    {
        Piece[] linked = new Piece[pieces.Count];
        long index = 0;
        for (int i = 0; i < linked.Length; i++)
        {
            linked[i] = new Piece(pieces[i], index);
            index += pieces[i].Length;
            if (i > 0)
                linked[i - 1].Next = linked[i];
        }

        return linked;
    }

    /// <summary>The first <paramref name="count"/> pieces.</summary>
    public static ReadOnlySequence<byte> Sequence(Piece[] pieces, int count) => new(pieces[0], 0, pieces[count - 1], pieces[count - 1].Memory.Length);
}
