using System.Buffers;

namespace RxSockets;

/// <content>Frames with their length in front.</content>
public static partial class SegmentOperators
{
    /// <summary>Frames with their length in front, lent without it until OnNext returns. A frame not whole at the end is <see cref="EndOfStreamException"/>.</summary>
    /// <param name="source">The segments.</param>
    /// <param name="prefix">How the length is written.</param>
    /// <param name="maxLength">Longest frame in bytes, without its prefix; a longer one is <see cref="FrameTooLongException"/> as soon as its prefix is there.</param>
    public static IObservable<ReadOnlySequence<byte>> LengthPrefixed(
        this IObservable<ReceivedSegment> source, LengthPrefix prefix = LengthPrefix.UInt32BigEndian, int maxLength = FrameDecoder.DefaultMaxPrefixedLength) =>
        source.Frames(FrameDecoder.LengthPrefixed(prefix, maxLength));

    /// <summary>The same, pulled: a frame is lent until the next pull.</summary>
    /// <param name="source">The segments.</param>
    /// <param name="prefix">How the length is written.</param>
    /// <param name="maxLength">Longest frame in bytes, without its prefix; a longer one is <see cref="FrameTooLongException"/> as soon as its prefix is there.</param>
    public static IAsyncEnumerable<ReadOnlySequence<byte>> LengthPrefixed(
        this IAsyncEnumerable<ReceivedSegment> source, LengthPrefix prefix = LengthPrefix.UInt32BigEndian, int maxLength = FrameDecoder.DefaultMaxPrefixedLength) =>
        source.Frames(FrameDecoder.LengthPrefixed(prefix, maxLength));
}
