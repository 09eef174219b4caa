using RxSockets.Streams;

namespace RxSockets;

/// <summary>Frames of a pulled stream of segments; as <see cref="FrameObservable{TFrame}"/>.</summary>
internal sealed class FrameEnumerable<TFrame>(IAsyncEnumerable<ReceivedSegment> source, IFrameDecoder<TFrame> decoder) : IAsyncEnumerable<TFrame>
{
    public IAsyncEnumerator<TFrame> GetAsyncEnumerator(CancellationToken cancellationToken = default) =>
        source is IByteSource bytes
            ? new FrameEnumerator<TFrame>(bytes, decoder, cancellationToken)
            : new SegmentFrameEnumerator<TFrame>(source.GetAsyncEnumerator(cancellationToken), decoder);
}
