using RxSockets.Streams;

namespace RxSockets;

/// <summary>Frames of a pulled stream of segments; as <see cref="FrameObservable{TFrame}"/>.</summary>
internal sealed class FrameEnumerable<TFrame>(IAsyncEnumerable<ReceivedSegment> source, IFrameDecoder<TFrame> decoder) : IAsyncEnumerable<TFrame>
{
    public IAsyncEnumerator<TFrame> GetAsyncEnumerator(CancellationToken cancellationToken = default) =>
        source is IByteSource bytes ? new FrameEnumerator<TFrame>(bytes, decoder, cancellationToken) : IterateAsync(cancellationToken);

    private async IAsyncEnumerator<TFrame> IterateAsync(CancellationToken token)
    {
        var parser = new FrameParser<TFrame>(decoder);
        using var carry = new FrameCarry();
        await foreach (ReceivedSegment segment in source.WithCancellation(token).ConfigureAwait(false))
        {
            parser.Load(carry.Join(segment.Memory));
            while (parser.TryNext(out TFrame? frame))
                yield return frame;
            carry.Keep(segment.Memory, parser.Consumed);
        }

        if (parser.CreateEndError() is { } truncated)
            throw truncated;
    }
}
