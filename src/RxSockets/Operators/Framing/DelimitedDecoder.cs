using System.Buffers;

namespace RxSockets;

/// <summary>Frames ended by a delimiter, lent without it.</summary>
internal sealed class DelimitedDecoder(byte[] delimiter, int maxLength) : IPieceDecoder<ReadOnlySequence<byte>>
{
    // One more than fits: where so many bytes hold no frame, none can come that is short enough.
    public long MaxLength => (long)maxLength + delimiter.Length;

    public bool TryDecode(ReadOnlyMemory<byte> piece, ref long examined, out int consumed, out ReadOnlySequence<byte> frame)
    {
        int from = (int)examined;
        ReadOnlySpan<byte> rest = piece.Span[from..];
        int index = delimiter.Length == 1 ? rest.IndexOf(delimiter[0]) : rest.IndexOf(delimiter);
        if (index < 0)
        {
            examined = ExaminedWithout(piece.Length);
            consumed = 0;
            frame = default;
            return false;
        }

        int length = from + index;
        if (length > maxLength)
            throw new FrameTooLongException(maxLength);
        consumed = length + delimiter.Length;
        frame = new ReadOnlySequence<byte>(piece[..length]);
        return true;
    }

    public bool TryDecode(in ReadOnlySequence<byte> bytes, ref long examined, out long consumed, out ReadOnlySequence<byte> frame)
    {
        long index = DelimiterSearch.IndexOf(bytes, delimiter, examined);
        if (index < 0)
        {
            examined = ExaminedWithout(bytes.Length);
            consumed = 0;
            frame = default;
            return false;
        }

        if (index > maxLength)
            throw new FrameTooLongException(maxLength);
        consumed = index + delimiter.Length;
        frame = bytes.Slice(0, index);
        return true;
    }

    // The last bytes may be the beginning of a delimiter.
    private long ExaminedWithout(long length)
    {
        long examined = Math.Max(0, length - (delimiter.Length - 1));
        return examined <= maxLength ? examined : throw new FrameTooLongException(maxLength);
    }
}
