using RxSockets.Sockets;

namespace RxSockets.Streams;

/// <summary>A connection's received data, pushed; framing operators read it through <see cref="IByteSource"/>.</summary>
internal sealed class SegmentObservable(ReceiveQueue source) : IObservable<ReceivedSegment>, IByteSource
{
    private readonly ItemObservable<ReceivedSegment> _segments = new(source);

    public CancellationToken Token => CancellationToken.None;

    public IDisposable Subscribe(IObserver<ReceivedSegment> observer) => _segments.Subscribe(observer);

    public ByteReader OpenReader(IByteReaderOwner owner, bool push) => new(source, owner, push);
}

/// <summary>The same, pulled.</summary>
internal sealed class SegmentEnumerable(ReceiveQueue source, CancellationToken token) : IAsyncEnumerable<ReceivedSegment>, IByteSource
{
    public CancellationToken Token => token;

    public IAsyncEnumerator<ReceivedSegment> GetAsyncEnumerator(CancellationToken cancellationToken = default) =>
        ItemEnumerable<ReceivedSegment>.Enumerate(source, token, cancellationToken);

    public ByteReader OpenReader(IByteReaderOwner owner, bool push) => new(source, owner, push);
}
