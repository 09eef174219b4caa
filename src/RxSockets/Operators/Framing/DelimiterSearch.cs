using System.Buffers;

namespace RxSockets;

/// <summary>Vectorised search in a sequence of bytes.</summary>
internal static class DelimiterSearch
{
    /// <summary>Position of the first such byte at or after <paramref name="from"/>, counted from the beginning; -1 if there is none.</summary>
    public static long IndexOf(in ReadOnlySequence<byte> bytes, byte value, long from)
    {
        if (bytes.IsSingleSegment)
        {
            int index = bytes.FirstSpan[(int)from..].IndexOf(value);
            return index < 0 ? -1 : from + index;
        }

        long at = from;
        foreach (ReadOnlyMemory<byte> piece in bytes.Slice(from))
        {
            int index = piece.Span.IndexOf(value);
            if (index >= 0)
                return at + index;
            at += piece.Length;
        }

        return -1;
    }

    /// <summary>The same for a delimiter of several bytes, which may be spread over pieces.</summary>
    public static long IndexOf(in ReadOnlySequence<byte> bytes, ReadOnlySpan<byte> delimiter, long from)
    {
        if (delimiter.Length == 1)
            return IndexOf(bytes, delimiter[0], from);
        if (bytes.IsSingleSegment)
        {
            int index = bytes.FirstSpan[(int)from..].IndexOf(delimiter);
            return index < 0 ? -1 : from + index;
        }

        var reader = new SequenceReader<byte>(bytes);
        reader.Advance(from);
        while (reader.TryAdvanceTo(delimiter[0], advancePastDelimiter: false))
        {
            if (reader.IsNext(delimiter))
                return reader.Consumed;
            reader.Advance(1);
        }

        return -1;
    }
}
