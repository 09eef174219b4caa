using System.Runtime.InteropServices;
using RxSockets.Native.Windows;
using static RxSockets.Native.Windows.WindowsConstants;

namespace RxSockets.Engines.Iocp;

/// <summary>Windows itself.</summary>
internal sealed unsafe class SystemWinsock : IWinsock
{
    private const ushort Version22 = 0x0202;

    private static readonly Lazy<SystemWinsock> s_instance = new(static () => new SystemWinsock());

    private SystemWinsock()
    {
        byte* data = stackalloc byte[Ws2_32.WsaDataBytes];
        int error = Ws2_32.WSAStartup(Version22, data);
        if (error != 0)
            throw new System.Net.Sockets.SocketException(error);
    }

    /// <summary>Started once per process and never cleaned up: other users of Winsock in the process count on it, too.</summary>
    public static SystemWinsock Instance => s_instance.Value;

    public int CreatePort(out nint port)
    {
        port = Kernel32.CreateIoCompletionPort(INVALID_HANDLE_VALUE, 0, 0, 1);
        int error = Marshal.GetLastSystemError();
        return port != 0 ? 0 : Failure(error);
    }

    public int Associate(nint port, nint socket, nuint key)
    {
        nint result = Kernel32.CreateIoCompletionPort(socket, port, key, 0);
        int error = Marshal.GetLastSystemError();
        return result != 0 ? 0 : Failure(error);
    }

    public int Wait(nint port, OVERLAPPED_ENTRY* entries, uint capacity, uint milliseconds, out uint removed)
    {
        uint count = 0;
        int result = Kernel32.GetQueuedCompletionStatusEx(port, entries, capacity, &count, milliseconds, 0);
        int error = Marshal.GetLastSystemError();
        removed = result != 0 ? count : 0;
        return result != 0 ? 0 : Failure(error);
    }

    public int PostWake(nint port)
    {
        int result = Kernel32.PostQueuedCompletionStatus(port, 0, 0, null);
        int error = Marshal.GetLastSystemError();
        return result != 0 ? 0 : Failure(error);
    }

    public int PostPacket(nint port, uint bytes, nuint key, OVERLAPPED* overlapped)
    {
        int result = Kernel32.PostQueuedCompletionStatus(port, bytes, key, overlapped);
        int error = Marshal.GetLastSystemError();
        return result != 0 ? 0 : Failure(error);
    }

    public void ClosePort(nint port) => _ = Kernel32.CloseHandle(port);

    public int CreateSocket(int family, int type, int protocol, out nint socket)
    {
        socket = Ws2_32.WSASocketW(family, type, protocol, null, 0, WSA_FLAG_OVERLAPPED | WSA_FLAG_NO_HANDLE_INHERIT);
        int error = Marshal.GetLastSystemError();
        return socket != INVALID_HANDLE_VALUE ? 0 : Failure(error);
    }

    public int Close(nint socket)
    {
        int result = Ws2_32.closesocket(socket);
        int error = Marshal.GetLastSystemError();
        return result == 0 ? 0 : Failure(error);
    }

    public int Bind(nint socket, void* address, int length)
    {
        int result = Ws2_32.bind(socket, address, length);
        int error = Marshal.GetLastSystemError();
        return result == 0 ? 0 : Failure(error);
    }

    public int Connect(nint socket, void* address, int length)
    {
        int result = Ws2_32.connect(socket, address, length);
        int error = Marshal.GetLastSystemError();
        return result == 0 ? 0 : Failure(error);
    }

    public int Listen(nint socket, int backlog)
    {
        int result = Ws2_32.listen(socket, backlog);
        int error = Marshal.GetLastSystemError();
        return result == 0 ? 0 : Failure(error);
    }

    public int GetName(nint socket, bool peer, void* address, int* length)
    {
        int result = peer ? Ws2_32.getpeername(socket, address, length) : Ws2_32.getsockname(socket, address, length);
        int error = Marshal.GetLastSystemError();
        return result == 0 ? 0 : Failure(error);
    }

    public int SetOption(nint socket, int level, int name, void* value, int length)
    {
        int result = Ws2_32.setsockopt(socket, level, name, value, length);
        int error = Marshal.GetLastSystemError();
        return result == 0 ? 0 : Failure(error);
    }

    public int GetOption(nint socket, int level, int name, void* value, int* length)
    {
        int result = Ws2_32.getsockopt(socket, level, name, value, length);
        int error = Marshal.GetLastSystemError();
        return result == 0 ? 0 : Failure(error);
    }

    public int Control(nint socket, int command, uint* value)
    {
        int result = Ws2_32.ioctlsocket(socket, command, value);
        int error = Marshal.GetLastSystemError();
        return result == 0 ? 0 : Failure(error);
    }

    public int Set(nint socket, uint code, uint value)
    {
        uint returned = 0;
        int result = Ws2_32.WSAIoctl(socket, code, &value, sizeof(uint), null, 0, &returned, null, null);
        int error = Marshal.GetLastSystemError();
        return result == 0 ? 0 : Failure(error);
    }

    public int Shutdown(nint socket, int how)
    {
        int result = Ws2_32.shutdown(socket, how);
        int error = Marshal.GetLastSystemError();
        return result == 0 ? 0 : Failure(error);
    }

    public int Receive(nint socket, WSABUF* buffers, uint count, uint* received, OVERLAPPED* overlapped)
    {
        uint flags = 0;
        int result = Ws2_32.WSARecv(socket, buffers, count, received, &flags, overlapped, null);
        int error = Marshal.GetLastSystemError();
        return result == 0 ? 0 : Failure(error);
    }

    public int Peek(nint socket, OVERLAPPED* overlapped)
    {
        var nothing = default(WSABUF);
        uint flags = MSG_PEEK;
        uint received = 0;
        int result = Ws2_32.WSARecv(socket, &nothing, 1, &received, &flags, overlapped, null);
        int error = Marshal.GetLastSystemError();
        return result == 0 ? 0 : Failure(error);
    }

    public int ReceiveFrom(nint socket, WSABUF* buffer, uint* received, uint* flags, void* from, int* fromLength, OVERLAPPED* overlapped)
    {
        int result = Ws2_32.WSARecvFrom(socket, buffer, 1, received, flags, from, fromLength, overlapped, null);
        int error = Marshal.GetLastSystemError();
        return result == 0 ? 0 : Failure(error);
    }

    public int SendTo(nint socket, WSABUF* buffers, uint count, uint* sent, void* to, int toLength, OVERLAPPED* overlapped)
    {
        int result = Ws2_32.WSASendTo(socket, buffers, count, sent, 0, to, toLength, overlapped, null);
        int error = Marshal.GetLastSystemError();
        return result == 0 ? 0 : Failure(error);
    }

    public int Send(nint socket, WSABUF* buffers, uint count, uint* sent, OVERLAPPED* overlapped)
    {
        int result = Ws2_32.WSASend(socket, buffers, count, sent, 0, overlapped, null);
        int error = Marshal.GetLastSystemError();
        return result == 0 ? 0 : Failure(error);
    }

    public int Cancel(nint socket, OVERLAPPED* overlapped)
    {
        int result = Kernel32.CancelIoEx(socket, overlapped);
        int error = Marshal.GetLastSystemError();
        return result != 0 ? 0 : Failure(error);
    }

    public nint FindExtension(nint socket, in Guid function)
    {
        Guid name = function;
        nint address = 0;
        uint returned = 0;
        int result = Ws2_32.WSAIoctl(
            socket, SIO_GET_EXTENSION_FUNCTION_POINTER, &name, (uint)sizeof(Guid), &address, (uint)sizeof(nint), &returned, null, null);
        return result == 0 ? address : 0;
    }

    // A call that failed without saying why (Wine: TCP_KEEPIDLE) must not look like a success.
    private static int Failure(int error) => error != 0 ? error : Win32Error.ERROR_INVALID_PARAMETER;
}
