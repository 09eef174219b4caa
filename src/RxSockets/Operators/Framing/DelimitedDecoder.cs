using System.Buffers;

namespace RxSockets;

/// <summary>Frames ended by a delimiter, lent without it.</summary>
internal sealed class DelimitedDecoder(byte[] delimiter, int maxLength) : IFrameDecoder<ReadOnlySequence<byte>>
{
    // One more than fits: where so many bytes hold no frame, none can come that is short enough.
    public long MaxLength => (long)maxLength + delimiter.Length;

    public bool TryDecode(in ReadOnlySequence<byte> bytes, ref long examined, out long consumed, out ReadOnlySequence<byte> frame)
    {
        long index = DelimiterSearch.IndexOf(bytes, delimiter, examined);
        if (index < 0)
        {
            // The last bytes may be the beginning of a delimiter.
            examined = Math.Max(0, bytes.Length - (delimiter.Length - 1));
            if (examined > maxLength)
                throw new FrameTooLongException(maxLength);
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
}
