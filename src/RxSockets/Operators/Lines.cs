namespace RxSockets;

/// <content>Text lines.</content>
public static partial class SegmentOperators
{
    /// <summary>
    /// Text lines in UTF-8, without their ends (LF or CR LF). A code point may be spread over segments; invalid UTF-8 becomes U+FFFD. A last line without
    /// an end is a truncated frame: <see cref="EndOfStreamException"/>.
    /// </summary>
    /// <param name="source">The segments.</param>
    /// <param name="maxLength">Longest line in bytes, without its end; a longer one is <see cref="FrameTooLongException"/> before it is buffered.</param>
    public static IObservable<string> Lines(this IObservable<ReceivedSegment> source, int maxLength = FrameDecoder.DefaultMaxDelimitedLength) =>
        source.Frames(FrameDecoder.Lines(maxLength));

    /// <summary>The same, pulled.</summary>
    /// <param name="source">The segments.</param>
    /// <param name="maxLength">Longest line in bytes, without its end; a longer one is <see cref="FrameTooLongException"/> before it is buffered.</param>
    public static IAsyncEnumerable<string> Lines(this IAsyncEnumerable<ReceivedSegment> source, int maxLength = FrameDecoder.DefaultMaxDelimitedLength) =>
        source.Frames(FrameDecoder.Lines(maxLength));
}
