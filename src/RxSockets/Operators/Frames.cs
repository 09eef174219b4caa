namespace RxSockets;

/// <summary>
/// Framing: operators on streams of received segments. On a connection's own streams (<see cref="RxConnection.Received"/>,
/// <see cref="RxConnection.ReceiveAllAsync"/>) they read without copying, and leaving in the middle loses nothing: the next reader, framed or raw,
/// begins right behind the last frame. On any other stream they keep the beginning of a frame themselves.
/// </summary>
public static partial class SegmentOperators
{
    /// <summary>
    /// The frames a decoder finds. Ends as the source does; with <see cref="EndOfStreamException"/> where the source ends inside a frame, with
    /// <see cref="FrameTooLongException"/> where a frame would be longer than the decoder's limit. A frame that is a view of the bytes is lent: valid until OnNext returns.
    /// </summary>
    /// <param name="source">The segments.</param>
    /// <param name="decoder">Finds the frames.</param>
    public static IObservable<TFrame> Frames<TFrame>(this IObservable<ReceivedSegment> source, IFrameDecoder<TFrame> decoder)
    {
        ArgumentNullException.ThrowIfNull(source);
        ArgumentNullException.ThrowIfNull(decoder);
        return new FrameObservable<TFrame>(source, decoder);
    }

    /// <summary>The same, pulled. A frame that is a view of the bytes is valid until the next pull.</summary>
    /// <param name="source">The segments.</param>
    /// <param name="decoder">Finds the frames.</param>
    public static IAsyncEnumerable<TFrame> Frames<TFrame>(this IAsyncEnumerable<ReceivedSegment> source, IFrameDecoder<TFrame> decoder)
    {
        ArgumentNullException.ThrowIfNull(source);
        ArgumentNullException.ThrowIfNull(decoder);
        return new FrameEnumerable<TFrame>(source, decoder);
    }
}
