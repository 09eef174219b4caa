namespace RxSockets;

/// <summary>Settings of an <see cref="RxDatagramSocket"/>. Copied and validated by <see cref="RxDatagramSocket.Bind"/>.</summary>
public sealed class DatagramOptions
{
    /// <summary>
    /// Bytes kept of a received datagram, 1 to 65,527 (the default: nothing is ever cut). A longer one is cut and says so
    /// (<see cref="ReceivedDatagram.Truncated"/>). A smaller limit means smaller receive buffers: 512 bytes to 65,600, in powers of two.
    /// </summary>
    public int MaxDatagramSize { get; set; } = 65527;

    /// <summary>
    /// Datagrams that may be unread, lent or retained, 1 to 65,536; default 64. Beyond it the socket stops receiving, the kernel's buffer fills, and the
    /// kernel drops what does not fit. The burst that crosses the limit is kept: with io_uring up to <see cref="CompletionPortOptions.ReceiveBuffers"/> more, with IOCP up to 8.
    /// </summary>
    public int ReceiveLimit { get; set; } = 64;

    /// <summary>The kernel's receive buffer in bytes (SO_RCVBUF), to 1 GiB; 0 (the default) leaves it to the system. It decides how long a burst may be.</summary>
    public int ReceiveBufferSize { get; set; }

    /// <summary>The kernel's send buffer in bytes (SO_SNDBUF), to 1 GiB; 0 (the default) leaves it to the system.</summary>
    public int SendBufferSize { get; set; }

    /// <summary>For an IPv6 socket: also speak IPv4, with peers seen as ::ffff:a.b.c.d. Default true.</summary>
    public bool DualMode { get; set; } = true;

    /// <summary>Lets several sockets bind the same address (SO_REUSEADDR), as multicast receivers do. Default false.</summary>
    public bool ReuseAddress { get; set; }

    /// <summary>Allows sending to broadcast addresses (SO_BROADCAST). Default false.</summary>
    public bool Broadcast { get; set; }

    /// <summary>The port that carries the socket. Default <see cref="RxSockets.CompletionPort.Shared"/>.</summary>
    public CompletionPort? CompletionPort { get; set; }

    internal DatagramOptions Validated()
    {
        Limits.Between(MaxDatagramSize, 1, 65527, nameof(MaxDatagramSize));
        Limits.Between(ReceiveLimit, 1, 65536, nameof(ReceiveLimit));
        Limits.Between(ReceiveBufferSize, 0, 1 << 30, nameof(ReceiveBufferSize));
        Limits.Between(SendBufferSize, 0, 1 << 30, nameof(SendBufferSize));
        return (DatagramOptions)MemberwiseClone();
    }
}
