using System.Buffers;
using System.Text;

namespace RxSockets.Fuzz.Targets;

/// <summary>The framings: in every way and any split the frames of the reference, with its end, and never more held than the limit.</summary>
internal static class FramingTargets
{
    private static readonly int[] s_limits = [1, 2, 3, 7, 16, 64, 300, 65536];

    private static readonly byte[][] s_delimiters =
        [[.. "\n"u8], [.. "\r\n"u8], [.. "\r\n\r\n"u8], [.. "aa"u8], [.. "aab"u8], [.. "abab"u8], [.. "aaaaaaaa"u8], [0, 0, 1]];

    public static void Lines(ReadOnlySpan<byte> data)
    {
        var input = new FuzzInput(data);
        int limit = input.OneOf<int>(s_limits);
        byte[] cuts = input.Cuts(), stream = input.Rest();
        var readers = new Readers<string>(FrameDecoder.Lines(limit), static line => Encoding.UTF8.GetBytes(line));
        readers.MustRead(Reference.Lines(stream, limit), stream, FuzzInput.Split(stream, cuts));
    }

    public static void Delimited(ReadOnlySpan<byte> data)
    {
        var input = new FuzzInput(data);
        int limit = input.OneOf<int>(s_limits);
        byte[] delimiter = input.OneOf<byte[]>(s_delimiters);
        byte[] cuts = input.Cuts(), stream = input.Rest();
        var readers = new Readers<ReadOnlySequence<byte>>(FrameDecoder.Delimited(delimiter, limit), static frame => frame.ToArray());
        readers.MustRead(Reference.Delimited(stream, delimiter, limit), stream, FuzzInput.Split(stream, cuts));
    }

    public static void Prefixed(ReadOnlySpan<byte> data)
    {
        var input = new FuzzInput(data);
        int limit = input.OneOf<int>([0, 1, 127, 128, 300, 65536, 1 << 20, 1 << 30]);
        LengthPrefix prefix = input.OneOf<LengthPrefix>(Enum.GetValues<LengthPrefix>());
        byte[] cuts = input.Cuts(), stream = input.Rest();
        var readers = new Readers<ReadOnlySequence<byte>>(FrameDecoder.LengthPrefixed(prefix, limit), static frame => frame.ToArray());
        Reading expected = Reference.Prefixed(stream, prefix, limit);
        readers.MustRead(expected, stream, FuzzInput.Split(stream, cuts));

        // Written again, the frames are read again.
        byte[] written = [.. expected.Frames.SelectMany(frame => Written(prefix, frame))];
        readers.MustRead(new Reading(expected.Frames, Reading.Clean), written, FuzzInput.Split(written, cuts));
    }

    private static byte[] Written(LengthPrefix prefix, byte[] frame)
    {
        byte[] head = new byte[PrefixCodec.MaxVarintLength];
        return [.. head.AsSpan(0, PrefixCodec.Write(head, prefix, frame.Length)), .. frame];
    }
}
