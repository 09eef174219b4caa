using System.Buffers;
using System.Net;
using System.Runtime.InteropServices;

namespace RxSockets;

/// <summary>
/// A lent received datagram. Valid until the next pull of <c>await foreach</c> or until <c>OnNext</c> returns; after that <see cref="Memory"/>
/// throws. <see cref="Retain"/> takes the memory over without copying, <see cref="ToArray"/> copies. Any thread may read it while it is valid.
/// </summary>
[StructLayout(LayoutKind.Auto)]
public readonly struct ReceivedDatagram : IEquatable<ReceivedDatagram>
{
    private readonly ReceivedSegment _payload;

    internal ReceivedDatagram(ReceivedSegment payload, IPEndPoint remoteEndPoint, bool truncated)
    {
        _payload = payload;
        RemoteEndPoint = remoteEndPoint;
        Truncated = truncated;
    }

    /// <summary>The bytes; none for an empty datagram. Throws <see cref="InvalidOperationException"/> once the datagram was returned.</summary>
    public ReadOnlyMemory<byte> Memory => _payload.Memory;

    /// <summary>Number of bytes kept.</summary>
    public int Length => _payload.Length;

    /// <summary>Who sent it. Stays valid; the same sender is mostly the same object. On a dual-mode socket IPv4 senders are ::ffff:a.b.c.d.</summary>
    public IPEndPoint RemoteEndPoint { get; }

    /// <summary>The datagram was longer than <see cref="DatagramOptions.MaxDatagramSize"/>: the rest is lost.</summary>
    public bool Truncated { get; }

    /// <summary>A datagram over memory of the caller's, never returned to anybody: for tests of pipelines.</summary>
    public static ReceivedDatagram FromMemory(ReadOnlyMemory<byte> memory, IPEndPoint remoteEndPoint, bool truncated = false)
    {
        ArgumentNullException.ThrowIfNull(remoteEndPoint);
        return new ReceivedDatagram(ReceivedSegment.FromMemory(memory), remoteEndPoint, truncated);
    }

    /// <summary>A copy of the bytes.</summary>
    public byte[] ToArray() => _payload.ToArray();

    /// <summary>
    /// Takes the memory over: it stays valid until the result is disposed, and counts against the socket's
    /// <see cref="DatagramOptions.ReceiveLimit"/> until then.
    /// </summary>
    public IMemoryOwner<byte> Retain() => _payload.Retain();

    /// <inheritdoc/>
    public bool Equals(ReceivedDatagram other) =>
        _payload == other._payload && Truncated == other.Truncated && Equals(RemoteEndPoint, other.RemoteEndPoint);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is ReceivedDatagram other && Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(_payload, RemoteEndPoint, Truncated);

    /// <summary>Compares loans, not contents.</summary>
    public static bool operator ==(ReceivedDatagram left, ReceivedDatagram right) => left.Equals(right);

    /// <summary>Compares loans, not contents.</summary>
    public static bool operator !=(ReceivedDatagram left, ReceivedDatagram right) => !left.Equals(right);
}
