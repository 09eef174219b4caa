using System.Net;
using System.Net.Sockets;

namespace RxSockets.Sockets;

/// <summary>
/// The endpoint objects of recent senders, so that a datagram of a known sender allocates nothing. Two generations: a sender found in the old one moves
/// to the young one; when that is full it becomes the old one, and who was not heard of since is forgotten. Guarded by its owner.
/// </summary>
internal sealed class SenderCache(AddressFamily family)
{
    /// <summary>Senders of one generation: between this many and twice this many are remembered.</summary>
    public const int GenerationSize = 512;

    private const int ScopedAddressBytes = 28;

    private static readonly IPEndPoint s_ip4 = new(IPAddress.Any, 0);
    private static readonly IPEndPoint s_ip6 = new(IPAddress.IPv6Any, 0);

    private readonly SocketAddress _last = new(family, ScopedAddressBytes);
    private Dictionary<SocketAddress, (SocketAddress Key, IPEndPoint EndPoint)> _young = [];
    private Dictionary<SocketAddress, (SocketAddress Key, IPEndPoint EndPoint)> _old = [];
    private IPEndPoint? _lastFound;

    public int Count => _young.Count + _old.Count;

    public IPEndPoint Find(ReadOnlySpan<byte> native)
    {
        if (_lastFound is not null && native.SequenceEqual(_last.Buffer.Span[.._last.Size]))
            return _lastFound;
        _last.Size = ScopedAddressBytes;
        native.CopyTo(_last.Buffer.Span);
        _last.Size = native.Length;
        if (_young.TryGetValue(_last, out (SocketAddress Key, IPEndPoint EndPoint) found))
            return _lastFound = found.EndPoint;

        // A key of its own: the one that is looked up with is written over.
        if (_old.Remove(_last, out found))
            return _lastFound = Remember(found.Key, found.EndPoint);
        var key = new SocketAddress(family, native.Length);
        native.CopyTo(key.Buffer.Span);
        return _lastFound = Remember(key, (IPEndPoint)(family == AddressFamily.InterNetworkV6 ? s_ip6 : s_ip4).Create(key));
    }

    private IPEndPoint Remember(SocketAddress key, IPEndPoint endPoint)
    {
        if (_young.Count == GenerationSize)
        {
            (_young, _old) = (_old, _young);
            _young.Clear();
        }

        _young.Add(key, (key, endPoint));
        return endPoint;
    }
}
