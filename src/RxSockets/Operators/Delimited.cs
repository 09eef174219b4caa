using System.Buffers;

namespace RxSockets;

/// <content>Frames with a delimiter.</content>
public static partial class SegmentOperators
{
    /// <summary>Frames ended by a delimiter, lent without it until OnNext returns. Bytes behind the last delimiter at the end are <see cref="EndOfStreamException"/>.</summary>
    /// <param name="source">The segments.</param>
    /// <param name="delimiter">1 to 256 bytes; copied.</param>
    /// <param name="maxLength">Longest frame in bytes, without its delimiter; a longer one is <see cref="FrameTooLongException"/> before it is buffered.</param>
    public static IObservable<ReadOnlySequence<byte>> Delimited(
        this IObservable<ReceivedSegment> source, ReadOnlySpan<byte> delimiter, int maxLength = FrameDecoder.DefaultMaxDelimitedLength) =>
        source.Frames(FrameDecoder.Delimited(delimiter, maxLength));

    /// <summary>The same, pulled: a frame is lent until the next pull.</summary>
    /// <param name="source">The segments.</param>
    /// <param name="delimiter">1 to 256 bytes; copied.</param>
    /// <param name="maxLength">Longest frame in bytes, without its delimiter; a longer one is <see cref="FrameTooLongException"/> before it is buffered.</param>
    public static IAsyncEnumerable<ReadOnlySequence<byte>> Delimited(
        this IAsyncEnumerable<ReceivedSegment> source, ReadOnlySpan<byte> delimiter, int maxLength = FrameDecoder.DefaultMaxDelimitedLength) =>
        source.Frames(FrameDecoder.Delimited(delimiter, maxLength));
}
