namespace RxSockets.Native.Windows;

/// <summary>Constants of winsock2.h, ws2tcpip.h, mswsock.h, afunix.h and winbase.h; compared with a table taken from the headers, and with the headers, by a test.</summary>
internal static class WindowsConstants
{
    public const int AF_UNIX = 1;
    public const int AF_INET = 2;
    public const int AF_INET6 = 23;
    public const int SOCK_STREAM = 1;
    public const int SOCK_DGRAM = 2;
    public const int IPPROTO_IP = 0;
    public const int IPPROTO_TCP = 6;
    public const int IPPROTO_UDP = 17;
    public const int IPPROTO_IPV6 = 41;
    public const uint WSA_FLAG_OVERLAPPED = 0x01;
    public const uint WSA_FLAG_NO_HANDLE_INHERIT = 0x80;
    public const int SD_SEND = 1;
    public const uint MSG_PEEK = 0x2;
    public const int FIONBIO = unchecked((int)0x8004667E);
    public const int FIONREAD = 0x4004667F;

    public const int SOL_SOCKET = 0xFFFF;
    public const int SO_REUSEADDR = 0x0004;
    public const int SO_KEEPALIVE = 0x0008;
    public const int SO_BROADCAST = 0x0020;
    public const int SO_LINGER = 0x0080;
    public const int SO_SNDBUF = 0x1001;
    public const int SO_RCVBUF = 0x1002;
    public const int SO_EXCLUSIVEADDRUSE = -5;
    public const int SO_UPDATE_ACCEPT_CONTEXT = 0x700B;
    public const int SO_CONNECT_TIME = 0x700C;
    public const int SO_UPDATE_CONNECT_CONTEXT = 0x7010;
    public const int SO_REUSE_UNICASTPORT = 0x3007;
    public const int TCP_NODELAY = 1;
    public const int TCP_KEEPIDLE = 3;
    public const int TCP_KEEPCNT = 16;
    public const int TCP_KEEPINTVL = 17;
    public const int IPV6_V6ONLY = 27;
    public const int IP_MULTICAST_IF = 9;
    public const int IP_ADD_MEMBERSHIP = 12;
    public const int IP_DROP_MEMBERSHIP = 13;
    public const int IPV6_MULTICAST_IF = 9;
    public const int IPV6_ADD_MEMBERSHIP = 12;
    public const int IPV6_DROP_MEMBERSHIP = 13;

    public const uint SIO_GET_EXTENSION_FUNCTION_POINTER = 0xC8000006;
    public const uint SIO_UDP_CONNRESET = 0x9800000C;
    public const uint SIO_UDP_NETRESET = 0x9800000F;

    public const uint TF_DISCONNECT = 0x01;
    public const uint TF_REUSE_SOCKET = 0x02;
    public const uint TF_WRITE_BEHIND = 0x04;
    public const uint TF_USE_DEFAULT_WORKER = 0x00;
    public const uint TF_USE_SYSTEM_THREAD = 0x10;
    public const uint TF_USE_KERNEL_APC = 0x20;
    public const uint TP_ELEMENT_MEMORY = 1;
    public const uint TP_ELEMENT_FILE = 2;
    public const uint TP_ELEMENT_EOP = 4;
    public const uint TP_DISCONNECT = 0x01;
    public const uint TP_REUSE_SOCKET = 0x02;
    public const uint TP_USE_DEFAULT_WORKER = 0x00;
    public const uint TP_USE_SYSTEM_THREAD = 0x10;
    public const uint TP_USE_KERNEL_APC = 0x20;
    public const uint DE_REUSE_SOCKET = 0x02;

    public const nint INVALID_HANDLE_VALUE = -1;
    public const uint INFINITE = 0xFFFFFFFF;
}
