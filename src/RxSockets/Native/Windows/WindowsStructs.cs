using System.Runtime.InteropServices;

#pragma warning disable CS8981, SA1300 // Structures keep their native spelling.

namespace RxSockets.Native.Windows;

/// <summary>OVERLAPPED: one operation in flight. The kernel writes into it until the completion was dequeued.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct OVERLAPPED
{
    public nuint Internal;
    public nuint InternalHigh;
    public uint Offset;
    public uint OffsetHigh;
    public nint hEvent;
}

/// <summary>OVERLAPPED_ENTRY: one dequeued completion. Internal holds the NTSTATUS, as the OVERLAPPED's does.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct OVERLAPPED_ENTRY
{
    public nuint lpCompletionKey;
    public OVERLAPPED* lpOverlapped;
    public nuint Internal;
    public uint dwNumberOfBytesTransferred;
}

/// <summary>WSABUF.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct WSABUF
{
    public uint len;
    public byte* buf;
}

/// <summary>WSAMSG: what WSARecvMsg and WSASendMsg take.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct WSAMSG
{
    public byte* name;
    public int namelen;
    public WSABUF* lpBuffers;
    public uint dwBufferCount;
    public WSABUF Control;
    public uint dwFlags;
}

/// <summary>WSACMSGHDR: head of one item of control data.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct WSACMSGHDR
{
    public nuint cmsg_len;
    public int cmsg_level;
    public int cmsg_type;
}

/// <summary>TRANSMIT_FILE_BUFFERS: memory that TransmitFile sends before and after the file.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct TRANSMIT_FILE_BUFFERS
{
    public byte* Head;
    public uint HeadLength;
    public byte* Tail;
    public uint TailLength;
}

/// <summary>TRANSMIT_PACKETS_ELEMENT: memory, or (in the same place) a range of a file.</summary>
[StructLayout(LayoutKind.Explicit)]
internal unsafe struct TRANSMIT_PACKETS_ELEMENT
{
    [FieldOffset(0)] public uint dwElFlags;
    [FieldOffset(4)] public uint cLength;
    [FieldOffset(8)] public long nFileOffset;
    [FieldOffset(16)] public nint hFile;
    [FieldOffset(8)] public byte* pBuffer;
}

/// <summary>struct linger.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct LINGER
{
    public ushort l_onoff;
    public ushort l_linger;
}

/// <summary>struct ip_mreq. An interface of 0.x.x.x is the number of one, in network order.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct ip_mreq
{
    public uint imr_multiaddr;
    public uint imr_interface;
}

/// <summary>struct ipv6_mreq.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct ipv6_mreq
{
    public fixed byte ipv6mr_multiaddr[16];
    public uint ipv6mr_interface;
}

/// <summary>struct sockaddr_in.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct sockaddr_in
{
    public ushort sin_family;
    public ushort sin_port;
    public uint sin_addr;
    public ulong sin_zero;
}

/// <summary>struct sockaddr_in6.</summary>
[StructLayout(LayoutKind.Explicit, Size = 28)]
internal unsafe struct sockaddr_in6
{
    [FieldOffset(0)] public ushort sin6_family;
    [FieldOffset(2)] public ushort sin6_port;
    [FieldOffset(4)] public uint sin6_flowinfo;
    [FieldOffset(8)] public fixed byte sin6_addr[16];
    [FieldOffset(24)] public uint sin6_scope_id;
}
