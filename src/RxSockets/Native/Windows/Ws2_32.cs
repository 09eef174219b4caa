using System.Runtime.InteropServices;

namespace RxSockets.Native.Windows;

/// <summary>
/// Functions of ws2_32.dll. No SetLastError (the assembly has no runtime marshalling): read Marshal.GetLastSystemError() in the very next statement;
/// WSAGetLastError and GetLastError are the same value.
/// </summary>
internal static unsafe class Ws2_32
{
    private const string Library = "ws2_32.dll";

    /// <summary>sizeof(WSADATA) on 64 bit.</summary>
    public const int WsaDataBytes = 408;

    [DllImport(Library)]
    public static extern int WSAStartup(ushort version, void* data);

    [DllImport(Library)]
    public static extern nint WSASocketW(int family, int type, int protocol, void* protocolInfo, uint group, uint flags);

    [DllImport(Library)]
    public static extern int bind(nint socket, void* address, int length);

    [DllImport(Library)]
    public static extern int connect(nint socket, void* address, int length);

    [DllImport(Library)]
    public static extern int listen(nint socket, int backlog);

    [DllImport(Library)]
    public static extern int shutdown(nint socket, int how);

    [DllImport(Library)]
    public static extern int closesocket(nint socket);

    [DllImport(Library)]
    public static extern int getsockname(nint socket, void* address, int* length);

    [DllImport(Library)]
    public static extern int getpeername(nint socket, void* address, int* length);

    [DllImport(Library)]
    public static extern int setsockopt(nint socket, int level, int name, void* value, int length);

    [DllImport(Library)]
    public static extern int getsockopt(nint socket, int level, int name, void* value, int* length);

    [DllImport(Library)]
    public static extern int ioctlsocket(nint socket, int command, uint* value);

    [DllImport(Library)]
    public static extern int WSAIoctl(nint socket, uint code, void* input, uint inputBytes, void* output, uint outputBytes, uint* returned, OVERLAPPED* overlapped, void* routine);

    [DllImport(Library)]
    public static extern int WSARecv(nint socket, WSABUF* buffers, uint count, uint* received, uint* flags, OVERLAPPED* overlapped, void* routine);

    [DllImport(Library)]
    public static extern int WSARecvFrom(
        nint socket, WSABUF* buffers, uint count, uint* received, uint* flags, void* from, int* fromLength, OVERLAPPED* overlapped, void* routine);

    [DllImport(Library)]
    public static extern int WSASendTo(
        nint socket, WSABUF* buffers, uint count, uint* sent, uint flags, void* to, int toLength, OVERLAPPED* overlapped, void* routine);

    [DllImport(Library)]
    public static extern int WSASend(nint socket, WSABUF* buffers, uint count, uint* sent, uint flags, OVERLAPPED* overlapped, void* routine);
}
