using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using RxSockets.Buffers;

namespace RxSockets.Sockets;

/// <summary>
/// The endpoint objects of recent senders, so that a datagram of a known sender allocates nothing. Two generations: a sender found in the old one moves
/// to the young one; when that is full it becomes the old one, and who was not heard of since is forgotten. Guarded by its owner.
/// </summary>
internal sealed class SenderCache(AddressFamily family)
{
    /// <summary>Senders of one generation: between this many and twice this many are remembered.</summary>
    public const int GenerationSize = 512;

    private static readonly IPEndPoint s_ip4 = new(IPAddress.Any, 0);
    private static readonly IPEndPoint s_ip6 = new(IPAddress.IPv6Any, 0);

    private Dictionary<Key, IPEndPoint> _young = [];
    private Dictionary<Key, IPEndPoint> _old = [];
    private Key _last;
    private IPEndPoint? _lastFound;

    public int Count => _young.Count + _old.Count;

    /// <summary>The endpoint of a native address of at most <see cref="DatagramLayout.AddressBytes"/>.</summary>
    public IPEndPoint Find(ReadOnlySpan<byte> native)
    {
        // Not SocketAddress: it remembers its hash although its buffer may be written to.
        var key = new Key(native);
        if (_lastFound is not null && key.Equals(_last))
            return _lastFound;
        _last = key;
        if (_young.TryGetValue(key, out IPEndPoint? found))
            return _lastFound = found;
        if (!_old.Remove(key, out found))
            found = Create(native);
        if (_young.Count == GenerationSize)
        {
            (_young, _old) = (_old, _young);
            _young.Clear();
        }

        _young.Add(key, found);
        return _lastFound = found;
    }

    private IPEndPoint Create(ReadOnlySpan<byte> native)
    {
        var address = new SocketAddress(family, native.Length);
        native.CopyTo(address.Buffer.Span);
        return (IPEndPoint)(family == AddressFamily.InterNetworkV6 ? s_ip6 : s_ip4).Create(address);
    }

    /// <summary>The bytes of a native address, with zeros behind.</summary>
    [StructLayout(LayoutKind.Sequential)]
    private readonly struct Key : IEquatable<Key>
    {
        private readonly ulong _first;
        private readonly ulong _second;
        private readonly ulong _third;
        private readonly ulong _fourth;

        public Key(ReadOnlySpan<byte> native) => native.CopyTo(MemoryMarshal.AsBytes(new Span<Key>(ref this)));

        public bool Equals(Key other) =>
            _first == other._first && _second == other._second && _third == other._third && _fourth == other._fourth;

        public override bool Equals(object? obj) => obj is Key other && Equals(other);

        public override int GetHashCode() => HashCode.Combine(_first, _second, _third, _fourth);
    }
}
