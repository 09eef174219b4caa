using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using RxSockets.Native.Linux;
using static RxSockets.Native.Linux.LinuxConstants;

namespace RxSockets.Engines.IoUring;

/// <summary>The plain system calls on a socket: making, naming, options. No state; results are 0 or more, or a negative errno.</summary>
internal static unsafe class LinuxSocket
{
    public const int AddressBytes = 128;

    private static readonly IPEndPoint s_ip4 = new(IPAddress.Any, 0);
    private static readonly IPEndPoint s_ip6 = new(IPAddress.IPv6Any, 0);
    private static readonly UnixDomainSocketEndPoint s_unix = new("/");

    /// <summary>A socket of the endpoint's family; a stream socket unless another type is asked for.</summary>
    public static int Create(EndPoint endPoint, int type = SOCK_STREAM)
    {
        int family = Family(endPoint);
        if (family < 0)
            return -Errno.EAFNOSUPPORT;
        int fd = Libc.socket(family, type | SOCK_CLOEXEC, 0);
        int error = Marshal.GetLastSystemError();
        return fd >= 0 ? fd : -error;
    }

    /// <summary>The native number of the endpoint's family; -1 for one that streams do not have here.</summary>
    public static int Family(EndPoint? endPoint) => endPoint switch
    {
        IPEndPoint { AddressFamily: AddressFamily.InterNetwork } => AF_INET,
        IPEndPoint { AddressFamily: AddressFamily.InterNetworkV6 } => AF_INET6,
        UnixDomainSocketEndPoint => AF_UNIX,
        _ => -1,
    };

    /// <summary>Writes the native address; returns its length.</summary>
    public static uint WriteAddress(EndPoint endPoint, byte* address)
    {
        SocketAddress serialized = endPoint.Serialize();
        serialized.Buffer.Span[..serialized.Size].CopyTo(new Span<byte>(address, AddressBytes));
        return (uint)serialized.Size;
    }

    public static int Bind(int fd, EndPoint endPoint)
    {
        byte* address = stackalloc byte[AddressBytes];
        uint length = WriteAddress(endPoint, address);
        int result = Libc.bind(fd, address, length);
        int error = Marshal.GetLastSystemError();
        return result == 0 ? 0 : -error;
    }

    public static int Connect(int fd, EndPoint endPoint)
    {
        byte* address = stackalloc byte[AddressBytes];
        uint length = WriteAddress(endPoint, address);
        return Connect(fd, address, length);
    }

    public static int Connect(int fd, byte* address, uint length)
    {
        int result = Libc.connect(fd, address, length);
        int error = Marshal.GetLastSystemError();
        return result == 0 ? 0 : -error;
    }

    public static int GetName(int fd, bool peer, out EndPoint? endPoint)
    {
        byte* address = stackalloc byte[AddressBytes];
        uint length = AddressBytes;
        endPoint = null;
        int result = peer ? Libc.getpeername(fd, address, &length) : Libc.getsockname(fd, address, &length);
        int error = Marshal.GetLastSystemError();
        if (result != 0)
            return -error;
        (EndPoint any, AddressFamily family) = *(ushort*)address switch
        {
            AF_INET => ((EndPoint)s_ip4, AddressFamily.InterNetwork),
            AF_INET6 => (s_ip6, AddressFamily.InterNetworkV6),
            _ => (s_unix, AddressFamily.Unix),
        };
        var serialized = new SocketAddress(family, Math.Max(2, (int)length));
        new Span<byte>(address, (int)length).CopyTo(serialized.Buffer.Span);
        endPoint = any.Create(serialized);
        return 0;
    }

    public static int SetOption(int fd, int level, int name, int value)
    {
        int result = Libc.setsockopt(fd, level, name, &value, sizeof(int));
        int error = Marshal.GetLastSystemError();
        return result == 0 ? 0 : -error;
    }

    public static int GetOption(int fd, int level, int name, out int value)
    {
        int local = 0;
        uint length = sizeof(int);
        int result = Libc.getsockopt(fd, level, name, &local, &length);
        int error = Marshal.GetLastSystemError();
        value = local;
        return result == 0 ? 0 : -error;
    }

    /// <summary>Linger 0: closing resets.</summary>
    public static void SetReset(int fd)
    {
        var value = new linger { l_onoff = 1, l_linger = 0 };
        _ = Libc.setsockopt(fd, SOL_SOCKET, SO_LINGER, &value, (uint)sizeof(linger));
    }

    /// <summary>Time since establishment of a TCP connection that has sent nothing yet, in milliseconds (tcpi_last_data_sent).</summary>
    public static uint AgeInMilliseconds(int fd) => TcpInfo(fd, TcpiLastDataSentOffset);

    /// <summary>Connections that wait in a TCP listener's backlog.</summary>
    public static uint Backlogged(int fd) => TcpInfo(fd, TcpiUnackedOffset);

    /// <summary>Bytes of a TCP connection that the peer acknowledged (tcpi_bytes_acked); of any other, less those it has not taken yet.</summary>
    public static long PeerProgress(int fd)
    {
        byte* info = stackalloc byte[TcpiBytesAckedOffset + 8];
        if (TryReadTcpInfo(fd, info, TcpiBytesAckedOffset + 8))
            return BinaryPrimitives.ReadInt64LittleEndian(new ReadOnlySpan<byte>(info + TcpiBytesAckedOffset, 8));
        int waiting = 0;
        return Libc.ioctl(fd, SIOCOUTQ, &waiting) == 0 ? -waiting : 0;
    }

    /// <summary>Both directions of a TCP connection are over and acknowledged.</summary>
    public static bool IsClosedState(int fd)
    {
        byte state = 0;
        return TryReadTcpInfo(fd, &state, 1) && state == TcpStateClosed;
    }

    // A number of struct tcp_info; 0 where there is none.
    private static uint TcpInfo(int fd, int offset)
    {
        byte* info = stackalloc byte[offset + 4];
        return TryReadTcpInfo(fd, info, offset + 4) ? BinaryPrimitives.ReadUInt32LittleEndian(new ReadOnlySpan<byte>(info + offset, 4)) : 0;
    }

    // The first bytes of struct tcp_info; false where there are not so many.
    private static bool TryReadTcpInfo(int fd, byte* info, int length)
    {
        uint read = (uint)length;
        return Libc.getsockopt(fd, IPPROTO_TCP, TCP_INFO, info, &read) == 0 && read == length;
    }

    /// <summary>Sets or clears O_NONBLOCK; true when it is set now.</summary>
    public static bool SetNonBlocking(int fd, bool on)
    {
        int flags = Libc.fcntl(fd, F_GETFL, 0);
        return flags >= 0 && Libc.fcntl(fd, F_SETFL, on ? flags | O_NONBLOCK : flags & ~O_NONBLOCK) == 0 && on;
    }

    public static SocketException Error(int negativeErrno, string doing) =>
        new((int)ErrnoMap.ToSocketError(-negativeErrno), $"{new SocketException((int)ErrnoMap.ToSocketError(-negativeErrno)).Message} ({doing})");

    /// <summary>The native number of an option people set; null for one that is not mapped.</summary>
    public static (int Level, int Name)? MapOption(SocketOptionLevel level, SocketOptionName name) => (level, name) switch
    {
        (SocketOptionLevel.Tcp, SocketOptionName.NoDelay) => (IPPROTO_TCP, TCP_NODELAY),
        (SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveTime) => (IPPROTO_TCP, TCP_KEEPIDLE),
        (SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveInterval) => (IPPROTO_TCP, TCP_KEEPINTVL),
        (SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveRetryCount) => (IPPROTO_TCP, TCP_KEEPCNT),
        (SocketOptionLevel.Socket, SocketOptionName.KeepAlive) => (SOL_SOCKET, SO_KEEPALIVE),
        (SocketOptionLevel.Socket, SocketOptionName.Broadcast) => (SOL_SOCKET, SO_BROADCAST),
        (SocketOptionLevel.IP, SocketOptionName.IpTimeToLive) => (IPPROTO_IP, IP_TTL),
        (SocketOptionLevel.IP, SocketOptionName.MulticastTimeToLive) => (IPPROTO_IP, IP_MULTICAST_TTL),
        (SocketOptionLevel.IP, SocketOptionName.MulticastLoopback) => (IPPROTO_IP, IP_MULTICAST_LOOP),
        (SocketOptionLevel.IPv6, SocketOptionName.IpTimeToLive) => (IPPROTO_IPV6, IPV6_UNICAST_HOPS),
        (SocketOptionLevel.IPv6, SocketOptionName.MulticastTimeToLive) => (IPPROTO_IPV6, IPV6_MULTICAST_HOPS),
        (SocketOptionLevel.IPv6, SocketOptionName.MulticastLoopback) => (IPPROTO_IPV6, IPV6_MULTICAST_LOOP),
        (SocketOptionLevel.Socket, SocketOptionName.SendBuffer) => (SOL_SOCKET, SO_SNDBUF),
        (SocketOptionLevel.Socket, SocketOptionName.ReceiveBuffer) => (SOL_SOCKET, SO_RCVBUF),
        _ => null,
    };
}
