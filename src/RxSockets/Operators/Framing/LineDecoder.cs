using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using System.Text;

namespace RxSockets;

/// <summary>Text lines in UTF-8. A line is decoded whole, so a code point may be spread over any number of pieces.</summary>
internal sealed class LineDecoder(int maxLength) : IPieceDecoder<string>
{
    private const byte LineFeed = (byte)'\n';
    private const byte CarriageReturn = (byte)'\r';

    public long MaxLength => maxLength + 2L;

    public bool TryDecode(ReadOnlyMemory<byte> piece, ref long examined, out int consumed, [MaybeNullWhen(false)] out string frame)
    {
        ReadOnlySpan<byte> bytes = piece.Span;
        int from = (int)examined;
        int index = bytes[from..].IndexOf(LineFeed);
        int end = index < 0 ? bytes.Length : from + index;
        int length = end > 0 && bytes[end - 1] == CarriageReturn ? end - 1 : end;
        if (length > maxLength)
            throw new FrameTooLongException(maxLength);
        if (index < 0)
        {
            examined = end;
            consumed = 0;
            frame = null;
            return false;
        }

        consumed = end + 1;
        frame = Encoding.UTF8.GetString(bytes[..length]);
        return true;
    }

    public bool TryDecode(in ReadOnlySequence<byte> bytes, ref long examined, out long consumed, [MaybeNullWhen(false)] out string frame)
    {
        long index = DelimiterSearch.IndexOf(bytes, LineFeed, examined);
        long length = index < 0 ? bytes.Length : index;
        consumed = index + 1;
        if (length > 0 && ByteAt(bytes, length - 1) == CarriageReturn)
            length--;
        if (length > maxLength)
            throw new FrameTooLongException(maxLength);
        if (index < 0)
        {
            examined = bytes.Length;
            frame = null;
            return false;
        }

        frame = Encoding.UTF8.GetString(bytes.Slice(0, length));
        return true;
    }

    private static byte ByteAt(in ReadOnlySequence<byte> bytes, long index) =>
        index < bytes.FirstSpan.Length ? bytes.FirstSpan[(int)index] : bytes.Slice(index, 1).FirstSpan[0];
}
