using System.Buffers;
using System.Text;

namespace RxSockets.Tests.Operators.Framing;

/// <summary>One framing as the tests see it: how frames are written, and the operator that reads them back, both worlds, as text or bytes.</summary>
public sealed record Framing(string Name, Func<byte[], byte[]> Encode, Func<IObservable<ReceivedSegment>, IObservable<byte[]>> Push, Func<IAsyncEnumerable<ReceivedSegment>, IAsyncEnumerable<byte[]>> Pull)
{
    public const int MaxLength = 300;

    public static IEnumerable<Framing> All { get; } = [.. WithLimit(MaxLength)];

    public static IEnumerable<Framing> WithLimit(int most) =>
    [
        Make("lines LF", static frame => [.. frame, (byte)'\n'], new AsBytes(FrameDecoder.Lines(most))),
        Make("lines CR LF", static frame => [.. frame, (byte)'\r', (byte)'\n'], new AsBytes(FrameDecoder.Lines(most))),
        Make("delimited by one byte", static frame => [.. frame, (byte)'\n'], Copying(FrameDecoder.Delimited("\n"u8, most))),
        Make("delimited by three bytes", static frame => [.. frame, (byte)'\n', (byte)'\n', (byte)'!'], Copying(FrameDecoder.Delimited("\n\n!"u8, most))),
        .. Enum.GetValues<LengthPrefix>().Select(prefix => Make(
            $"length {prefix}", frame => Prefixed(prefix, frame), Copying(FrameDecoder.LengthPrefixed(prefix, most)))),
    ];

    public override string ToString() => Name;

    private static Framing Make(string name, Func<byte[], byte[]> encode, IFrameDecoder<byte[]> decoder) =>
        new(name, encode, source => source.Frames(decoder), source => source.Frames(decoder));

    private static Copy Copying(IFrameDecoder<ReadOnlySequence<byte>> inner) => new(inner);

    // Written out here by hand, not with the library's encoder: the two must not agree on an error.
    private static byte[] Prefixed(LengthPrefix prefix, byte[] frame)
    {
        int length = frame.Length;
        byte[] little = BitConverter.GetBytes((ulong)length);
        byte[] head = prefix switch
        {
            LengthPrefix.Byte => [(byte)length],
            LengthPrefix.UInt16LittleEndian => little[..2],
            LengthPrefix.UInt16BigEndian => [little[1], little[0]],
            LengthPrefix.UInt32LittleEndian => little[..4],
            LengthPrefix.UInt32BigEndian => [0, 0, little[1], little[0]],
            LengthPrefix.UInt64LittleEndian => little,
            LengthPrefix.UInt64BigEndian => [0, 0, 0, 0, 0, 0, little[1], little[0]],
            _ => length < 128 ? [(byte)length] : [(byte)(length % 128 + 128), (byte)(length / 128)],
        };
        return [.. head, .. frame];
    }

    private sealed class Copy(IFrameDecoder<ReadOnlySequence<byte>> inner) : IFrameDecoder<byte[]>
    {
        public long MaxLength => inner.MaxLength;

        public bool TryDecode(in ReadOnlySequence<byte> bytes, ref long examined, out long consumed, [System.Diagnostics.CodeAnalysis.MaybeNullWhen(false)] out byte[] frame)
        {
            bool found = inner.TryDecode(bytes, ref examined, out consumed, out ReadOnlySequence<byte> lent);
            frame = found ? lent.ToArray() : null;
            return found;
        }
    }

    private sealed class AsBytes(IFrameDecoder<string> inner) : IFrameDecoder<byte[]>
    {
        public long MaxLength => inner.MaxLength;

        public bool TryDecode(in ReadOnlySequence<byte> bytes, ref long examined, out long consumed, [System.Diagnostics.CodeAnalysis.MaybeNullWhen(false)] out byte[] frame)
        {
            bool found = inner.TryDecode(bytes, ref examined, out consumed, out string? line);
            frame = found ? Encoding.UTF8.GetBytes(line!) : null;
            return found;
        }
    }
}
