using System.Buffers;

namespace RxSockets;

/// <summary>The decoders behind <c>Lines</c>, <c>Delimited</c> and <c>LengthPrefixed</c>, for use inside decoders of your own.</summary>
public static class FrameDecoder
{
    /// <summary>Longest line or delimited frame where nothing else is said: 65,536 bytes.</summary>
    public const int DefaultMaxDelimitedLength = 65536;

    /// <summary>Longest length-prefixed frame where nothing else is said: 1 MiB.</summary>
    public const int DefaultMaxPrefixedLength = 1 << 20;

    /// <summary>Text lines in UTF-8, ended by LF or CR LF, which are not part of the line. Invalid UTF-8 becomes U+FFFD.</summary>
    /// <param name="maxLength">Longest line in bytes, without its end.</param>
    public static IFrameDecoder<string> Lines(int maxLength = DefaultMaxDelimitedLength)
    {
        Limits.Between(maxLength, 1, 1 << 30, nameof(maxLength));
        return new LineDecoder(maxLength);
    }

    /// <summary>Frames ended by a delimiter of one or more bytes, which is not part of the frame.</summary>
    /// <param name="delimiter">Copied; 1 to 256 bytes.</param>
    /// <param name="maxLength">Longest frame in bytes, without its delimiter.</param>
    public static IFrameDecoder<ReadOnlySequence<byte>> Delimited(ReadOnlySpan<byte> delimiter, int maxLength = DefaultMaxDelimitedLength)
    {
        Limits.Between(delimiter.Length, 1, 256, nameof(delimiter));
        Limits.Between(maxLength, 1, 1 << 30, nameof(maxLength));
        return new DelimitedDecoder(delimiter.ToArray(), maxLength);
    }

    /// <summary>Frames with their length in front. The prefix is not part of the frame.</summary>
    /// <param name="prefix">How the length is written.</param>
    /// <param name="maxLength">Longest frame in bytes, without its prefix.</param>
    public static IFrameDecoder<ReadOnlySequence<byte>> LengthPrefixed(
        LengthPrefix prefix = LengthPrefix.UInt32BigEndian, int maxLength = DefaultMaxPrefixedLength)
    {
        Limits.Defined(prefix, nameof(prefix));
        Limits.Between(maxLength, 0, 1 << 30, nameof(maxLength));
        return new LengthPrefixedDecoder(prefix, maxLength);
    }
}
