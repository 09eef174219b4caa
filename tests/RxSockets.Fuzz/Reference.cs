using System.Text;

namespace RxSockets.Fuzz;

/// <summary>The framings, written as plainly as possible over a stream that is all there. Shares nothing with the library.</summary>
internal static class Reference
{
    public static Reading Lines(byte[] stream, int maxLength)
    {
        List<byte[]> frames = [];
        int begin = 0;
        while (true)
        {
            int end = begin;
            while (end < stream.Length && stream[end] != '\n')
                end++;
            int length = end - begin;
            if (length > 0 && stream[end - 1] == '\r')
                length--;
            if (length > maxLength)
                return new Reading(frames, Reading.TooLong);
            if (end == stream.Length)
                return new Reading(frames, EndAt(stream, begin));
            frames.Add(Encoding.UTF8.GetBytes(Encoding.UTF8.GetString(stream, begin, length)));
            begin = end + 1;
        }
    }

    public static Reading Delimited(byte[] stream, byte[] delimiter, int maxLength)
    {
        List<byte[]> frames = [];
        int begin = 0;
        while (true)
        {
            int end = begin;
            while (end + delimiter.Length <= stream.Length && !stream.AsSpan(end, delimiter.Length).SequenceEqual(delimiter))
                end++;
            // Where no delimiter follows, the one that may come begins here at the earliest.
            if (end - begin > maxLength)
                return new Reading(frames, Reading.TooLong);
            if (end + delimiter.Length > stream.Length)
                return new Reading(frames, EndAt(stream, begin));
            frames.Add(stream[begin..end]);
            begin = end + delimiter.Length;
        }
    }

    public static Reading Prefixed(byte[] stream, LengthPrefix prefix, int maxLength)
    {
        List<byte[]> frames = [];
        int begin = 0;
        while (true)
        {
            int at = begin;
            if (Length(stream, prefix, ref at) is not { } length)
                return new Reading(frames, EndAt(stream, begin));
            if (length > ulong.MaxValue)
                return new Reading(frames, Reading.Invalid);
            if (length > (UInt128)maxLength)
                return new Reading(frames, Reading.TooLong);
            if (at + (int)length > stream.Length)
                return new Reading(frames, EndAt(stream, begin));
            begin = at + (int)length;
            frames.Add(stream[at..begin]);
        }
    }

    /// <summary>The length that a prefix says; null while its last byte is not there.</summary>
    public static UInt128? Length(byte[] stream, LengthPrefix prefix, ref int at) => prefix switch
    {
        LengthPrefix.Byte => Fixed(stream, ref at, 1, bigEndian: false),
        LengthPrefix.UInt16BigEndian => Fixed(stream, ref at, 2, bigEndian: true),
        LengthPrefix.UInt16LittleEndian => Fixed(stream, ref at, 2, bigEndian: false),
        LengthPrefix.UInt32BigEndian => Fixed(stream, ref at, 4, bigEndian: true),
        LengthPrefix.UInt32LittleEndian => Fixed(stream, ref at, 4, bigEndian: false),
        LengthPrefix.UInt64BigEndian => Fixed(stream, ref at, 8, bigEndian: true),
        LengthPrefix.UInt64LittleEndian => Fixed(stream, ref at, 8, bigEndian: false),
        _ => Varint(stream, ref at),
    };

    /// <summary>Null while its last byte is not there; more than 64 bits for one that is none: they do not fit, or it is longer than ten bytes.</summary>
    public static UInt128? Varint(ReadOnlySpan<byte> stream, ref int at)
    {
        UInt128 value = 0;
        for (int bits = 0; at < stream.Length; bits += 7)
        {
            byte part = stream[at++];
            value += (UInt128)(part % 128) << bits;
            if (value > ulong.MaxValue || (bits == 63 && part >= 128))
                return UInt128.MaxValue;
            if (part < 128)
                return value;
        }

        return null;
    }

    private static UInt128? Fixed(byte[] stream, ref int at, int size, bool bigEndian)
    {
        if (stream.Length - at < size)
            return null;
        UInt128 value = 0;
        for (int i = 0; i < size; i++)
            value = (value * 256) + stream[at + (bigEndian ? i : size - 1 - i)];
        at += size;
        return value;
    }

    private static string EndAt(byte[] stream, int begin) => begin == stream.Length ? Reading.Clean : Reading.Truncated(stream.Length - begin);
}
