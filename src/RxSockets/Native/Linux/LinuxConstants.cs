namespace RxSockets.Native.Linux;

/// <summary>Constants of sys/socket.h and friends as on x86-64 and arm64 (the generic ABI); compared with the headers by a test.</summary>
internal static class LinuxConstants
{
    public const int SYS_io_uring_setup = 425;
    public const int SYS_io_uring_enter = 426;
    public const int SYS_io_uring_register = 427;

    /// <summary>Since 6.5; older headers do not have it.</summary>
    public const int SYS_cachestat = 451;

    public const int PROT_READ = 1;
    public const int PROT_WRITE = 2;
    public const int MAP_SHARED = 1;
    public const int MAP_PRIVATE = 2;
    public const int MAP_ANONYMOUS = 0x20;
    public const int MAP_POPULATE = 0x8000;
    public const int MADV_DONTFORK = 10;
    public const int EFD_CLOEXEC = 0x80000;

    public const int AF_UNSPEC = 0;
    public const int AF_UNIX = 1;
    public const int AF_INET = 2;
    public const int AF_INET6 = 10;
    public const int SOCK_STREAM = 1;
    public const int SOCK_DGRAM = 2;
    public const int SOCK_CLOEXEC = 0x80000;
    public const int SHUT_WR = 1;
    public const int MSG_TRUNC = 0x20;
    public const int MSG_DONTWAIT = 0x40;
    public const int MSG_WAITALL = 0x100;
    public const int MSG_NOSIGNAL = 0x4000;
    public const int MSG_MORE = 0x8000;
    public const int FIONREAD = 0x541B;
    public const int SIOCOUTQ = 0x5411;
    public const int POLLOUT = 4;
    public const int F_GETFL = 3;
    public const int F_SETFL = 4;
    public const int O_NONBLOCK = 0x800;
    public const int RWF_NOWAIT = 8;

    public const int SOL_SOCKET = 1;
    public const int SO_REUSEADDR = 2;
    public const int SO_BROADCAST = 6;
    public const int SO_SNDBUF = 7;
    public const int SO_RCVBUF = 8;
    public const int SO_KEEPALIVE = 9;
    public const int SO_PRIORITY = 12;
    public const int SO_LINGER = 13;
    public const int IPPROTO_IP = 0;
    public const int IP_TTL = 2;
    public const int IP_MULTICAST_IF = 32;
    public const int IP_MULTICAST_TTL = 33;
    public const int IP_MULTICAST_LOOP = 34;
    public const int IP_ADD_MEMBERSHIP = 35;
    public const int IP_DROP_MEMBERSHIP = 36;
    public const int IP_MULTICAST_ALL = 49;
    public const int SO_RCVLOWAT = 18;
    public const int SO_BUF_LOCK = 72;
    public const int IPPROTO_TCP = 6;
    public const int TCP_NODELAY = 1;
    public const int TCP_CORK = 3;
    public const int TCP_KEEPIDLE = 4;
    public const int TCP_KEEPINTVL = 5;
    public const int TCP_KEEPCNT = 6;
    public const int TCP_INFO = 11;
    public const int TCP_USER_TIMEOUT = 18;
    public const int TCP_NOTSENT_LOWAT = 25;
    public const int IPPROTO_IPV6 = 41;
    public const int IPV6_UNICAST_HOPS = 16;
    public const int IPV6_MULTICAST_IF = 17;
    public const int IPV6_MULTICAST_HOPS = 18;
    public const int IPV6_MULTICAST_LOOP = 19;
    public const int IPV6_ADD_MEMBERSHIP = 20;
    public const int IPV6_DROP_MEMBERSHIP = 21;
    public const int IPV6_V6ONLY = 26;
    public const int IPV6_MULTICAST_ALL = 29;

    /// <summary>tcpi_state, the first byte of struct tcp_info, of a connection that is over in both directions and acknowledged (TCP_CLOSE).</summary>
    public const byte TcpStateClosed = 7;

    /// <summary>offsetof(struct tcp_info, tcpi_unacked): of a listener, connections that wait to be accepted (sk_ack_backlog).</summary>
    public const int TcpiUnackedOffset = 24;

    /// <summary>offsetof(struct tcp_info, tcpi_last_data_sent).</summary>
    public const int TcpiLastDataSentOffset = 44;
    public const int TcpiBytesAckedOffset = 120;

    public const int SCHED_OTHER = 0;
    public const int SCHED_BATCH = 3;

    public const int AT_FDCWD = -100;
    public const int AT_SYMLINK_NOFOLLOW = 0x100;
    public const uint STATX_INO = 0x100;
    public const uint STATX_TYPE = 1;
    public const int S_IFMT = 0xF000;
    public const int S_IFSOCK = 0xC000;
    public const int StatxSize = 256;
    public const int StatxModeOffset = 28;
    public const int StatxInodeOffset = 32;
    public const int StatxDeviceMajorOffset = 136;
}
