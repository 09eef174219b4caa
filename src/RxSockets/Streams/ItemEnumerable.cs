using RxSockets.Sockets;

namespace RxSockets.Streams;

/// <summary>The pulled form of a stream. Cold: an enumerator becomes the reader with its first MoveNextAsync.</summary>
internal sealed class ItemEnumerable<T>(ItemSource<T> source, CancellationToken token) : IAsyncEnumerable<T>
{
    public IAsyncEnumerator<T> GetAsyncEnumerator(CancellationToken cancellationToken = default) => Enumerate(source, token, cancellationToken);

    /// <summary>An enumeration that either token ends.</summary>
    public static IAsyncEnumerator<T> Enumerate(ItemSource<T> source, CancellationToken token, CancellationToken cancellationToken)
    {
        if (!token.CanBeCanceled || token == cancellationToken)
            return new ItemEnumerator<T>(source, cancellationToken, linked: null);
        if (!cancellationToken.CanBeCanceled)
            return new ItemEnumerator<T>(source, token, linked: null);
        var linked = CancellationTokenSource.CreateLinkedTokenSource(token, cancellationToken);
        return new ItemEnumerator<T>(source, linked.Token, linked);
    }
}
