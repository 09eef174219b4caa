using RxSockets.Streams;

namespace RxSockets;

/// <summary>Frames of a pushed stream of segments: read from the connection where the stream is one's own, else from what the stream pushes.</summary>
internal sealed class FrameObservable<TFrame>(IObservable<ReceivedSegment> source, IFrameDecoder<TFrame> decoder) : IObservable<TFrame>
{
    public IDisposable Subscribe(IObserver<TFrame> observer)
    {
        ArgumentNullException.ThrowIfNull(observer);
        if (source is IByteSource bytes)
            return new FrameSubscription<TFrame>(bytes, decoder, observer);
        var frames = new FrameObserver<TFrame>(decoder, observer);
        frames.SubscribeTo(source);
        return frames;
    }
}
