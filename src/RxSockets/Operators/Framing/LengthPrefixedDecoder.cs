using System.Buffers;
using System.Buffers.Binary;

namespace RxSockets;

/// <summary>Frames with their length in front, lent without it. Too long a length is found out as soon as the prefix is there.</summary>
internal sealed class LengthPrefixedDecoder(LengthPrefix prefix, int maxLength) : IPieceDecoder<ReadOnlySequence<byte>>
{
    private readonly int _prefixLength = PrefixCodec.FixedLength(prefix);

    // Never reached by itself: a length that does not fit is refused before.
    public long MaxLength => (long)maxLength + PrefixCodec.MaxVarintLength + 1;

    public bool TryDecode(ReadOnlyMemory<byte> piece, ref long examined, out int consumed, out ReadOnlySequence<byte> frame)
    {
        if (TryReadLength(piece.Span, out int prefixLength, out ulong length))
        {
            if (length > (ulong)maxLength)
                throw new FrameTooLongException(maxLength);
            if (piece.Length - prefixLength >= (int)length)
            {
                consumed = prefixLength + (int)length;
                frame = new ReadOnlySequence<byte>(piece.Slice(prefixLength, (int)length));
                return true;
            }
        }

        consumed = 0;
        frame = default;
        return false;
    }

    public bool TryDecode(in ReadOnlySequence<byte> bytes, ref long examined, out long consumed, out ReadOnlySequence<byte> frame)
    {
        consumed = 0;
        frame = default;
        if (!TryReadLength(bytes, out int prefixLength, out ulong length))
            return false;
        if (length > (ulong)maxLength)
            throw new FrameTooLongException(maxLength);
        long end = prefixLength + (long)length;
        if (bytes.Length < end)
            return false;
        consumed = end;
        frame = bytes.Slice(prefixLength, (long)length);
        return true;
    }

    private bool TryReadLength(in ReadOnlySequence<byte> bytes, out int prefixLength, out ulong length)
    {
        int needed = _prefixLength == 0 ? PrefixCodec.MaxVarintLength : _prefixLength;
        if (bytes.FirstSpan.Length >= needed || bytes.IsSingleSegment)
            return TryReadLength(bytes.FirstSpan, out prefixLength, out length);
        Span<byte> gathered = stackalloc byte[PrefixCodec.MaxVarintLength];
        int count = (int)Math.Min(bytes.Length, needed);
        bytes.Slice(0, count).CopyTo(gathered);
        return TryReadLength(gathered[..count], out prefixLength, out length);
    }

    private bool TryReadLength(ReadOnlySpan<byte> head, out int prefixLength, out ulong length)
    {
        if (_prefixLength == 0)
            return PrefixCodec.TryReadVarint(head, out prefixLength, out length);
        prefixLength = _prefixLength;
        length = 0;
        if (head.Length < _prefixLength)
            return false;
        length = prefix switch
        {
            LengthPrefix.Byte => head[0],
            LengthPrefix.UInt16BigEndian => BinaryPrimitives.ReadUInt16BigEndian(head),
            LengthPrefix.UInt16LittleEndian => BinaryPrimitives.ReadUInt16LittleEndian(head),
            LengthPrefix.UInt32BigEndian => BinaryPrimitives.ReadUInt32BigEndian(head),
            LengthPrefix.UInt32LittleEndian => BinaryPrimitives.ReadUInt32LittleEndian(head),
            LengthPrefix.UInt64BigEndian => BinaryPrimitives.ReadUInt64BigEndian(head),
            _ => BinaryPrimitives.ReadUInt64LittleEndian(head),
        };
        return true;
    }
}
