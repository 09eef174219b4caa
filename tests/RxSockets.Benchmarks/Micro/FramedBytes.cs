using System.Buffers;
using System.Buffers.Binary;
using RxSockets.Testing;

namespace RxSockets.Benchmarks.Micro;

/// <summary>Frames in memory, cut into pieces as a connection would receive them: a block of frames, given again and again. Frames lie across pieces.</summary>
internal sealed class FramedBytes
{
    public const int Mebibyte = 1 << 20;
    private const int BlockBytes = 4 * Mebibyte;
    private const int PieceBytes = 16384;

    private readonly byte[] _block = new byte[BlockBytes];

    private FramedBytes(int repeats) => Repeats = repeats;

    private int Repeats { get; }

    /// <summary>How many frames there are in all.</summary>
    public long Frames { get; private set; }

    /// <summary>Lines of 20 to 140 letters.</summary>
    public static FramedBytes Lines(int mebibytes)
    {
        var bytes = new FramedBytes(mebibytes / 4);
        var random = new Random(1);
        bytes._block.AsSpan().Fill((byte)'x');
        long frames = 0;
        int at = 0;
        while (at < BlockBytes)
        {
            at = Math.Min(at + random.Next(21, 142), BlockBytes);
            bytes._block[at - 1] = (byte)'\n';
            frames++;
        }

        bytes.Frames = frames * bytes.Repeats;
        return bytes;
    }

    /// <summary>Frames of 100 to 1,000 bytes behind four bytes of length, big endian.</summary>
    public static FramedBytes Prefixed(int mebibytes)
    {
        var bytes = new FramedBytes(mebibytes / 4);
        var random = new Random(1);
        long frames = 0;
        int at = 0;
        while (at < BlockBytes)
        {
            int end = at + random.Next(104, 1005);
            if (end > BlockBytes - 4)
                end = BlockBytes;
            BinaryPrimitives.WriteInt32BigEndian(bytes._block.AsSpan(at), end - at - 4);
            at = end;
            frames++;
        }

        bytes.Frames = frames * bytes.Repeats;
        return bytes;
    }

    /// <summary>As a stream of segments; always there at once, so that only the framing costs.</summary>
    public async IAsyncEnumerable<ReceivedSegment> SegmentsAsync()
    {
        for (int repeat = 0; repeat < Repeats; repeat++)
        {
            for (int at = 0; at < BlockBytes; at += PieceBytes)
                yield return ReceivedSegment.FromMemory(_block.AsMemory(at, PieceBytes));
        }

        await Task.CompletedTask;
    }

    /// <summary>As one sequence of the same pieces, for a PipeReader.</summary>
    public ReadOnlySequence<byte> ToSequence()
    {
        var first = new Piece(_block.AsMemory(0, PieceBytes));
        Piece last = first;
        for (int repeat = 0; repeat < Repeats; repeat++)
        {
            for (int at = repeat == 0 ? PieceBytes : 0; at < BlockBytes; at += PieceBytes)
                last = last.Append(_block.AsMemory(at, PieceBytes));
        }

        return Piece.Sequence(first, last);
    }
}
