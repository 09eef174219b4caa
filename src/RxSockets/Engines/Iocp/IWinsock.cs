using RxSockets.Native.Windows;

namespace RxSockets.Engines.Iocp;

/// <summary>
/// Every call the engine makes into Windows, but for the extension functions (those are <see cref="WinsockExtensions"/>). Results are 0 or the last
/// error, read where it is fresh; ERROR_IO_PENDING is a result like others. A seam: tests put a port and sockets of their own behind it.
/// </summary>
internal unsafe interface IWinsock
{
    int CreatePort(out nint port);

    /// <summary>Has the completions of a socket come to the port, with the key.</summary>
    int Associate(nint port, nint socket, nuint key);

    /// <summary>Dequeues completions; WAIT_TIMEOUT when none came.</summary>
    int Wait(nint port, OVERLAPPED_ENTRY* entries, uint capacity, uint milliseconds, out uint removed);

    /// <summary>Posts a packet without an operation (key 0): wakes the waiting thread.</summary>
    int PostWake(nint port);

    /// <summary>Posts a packet that looks like that of an operation.</summary>
    int PostPacket(nint port, uint bytes, nuint key, OVERLAPPED* overlapped);

    void ClosePort(nint port);

    int CreateSocket(int family, int type, int protocol, out nint socket);

    int Close(nint socket);

    int Bind(nint socket, void* address, int length);

    /// <summary>connect, for datagram sockets: it sets the peer and returns at once.</summary>
    int Connect(nint socket, void* address, int length);

    int Listen(nint socket, int backlog);

    int GetName(nint socket, bool peer, void* address, int* length);

    int SetOption(nint socket, int level, int name, void* value, int length);

    int GetOption(nint socket, int level, int name, void* value, int* length);

    int Control(nint socket, int command, uint* value);

    /// <summary>WSAIoctl with a number for input.</summary>
    int Set(nint socket, uint code, uint value);

    int Shutdown(nint socket, int how);

    /// <summary>WSARecv. Without an OVERLAPPED it returns at once on a socket that does not block.</summary>
    int Receive(nint socket, WSABUF* buffers, uint count, uint* received, OVERLAPPED* overlapped);

    /// <summary>WSARecv with MSG_PEEK and no room, overlapped: ends when a datagram is there, and leaves it there.</summary>
    int Peek(nint socket, OVERLAPPED* overlapped);

    /// <summary>WSARecvFrom. What the pointers of an overlapped one point to must live until its completion.</summary>
    int ReceiveFrom(nint socket, WSABUF* buffer, uint* received, uint* flags, void* from, int* fromLength, OVERLAPPED* overlapped);

    /// <summary>WSASendTo.</summary>
    int SendTo(nint socket, WSABUF* buffers, uint count, uint* sent, void* to, int toLength, OVERLAPPED* overlapped);

    /// <summary>WSASend.</summary>
    int Send(nint socket, WSABUF* buffers, uint count, uint* sent, OVERLAPPED* overlapped);

    /// <summary>CancelIoEx; null: everything of the handle, whichever thread started it.</summary>
    int Cancel(nint socket, OVERLAPPED* overlapped);

    /// <summary>The address of an extension function, for sockets like this one; 0 where the provider has none.</summary>
    nint FindExtension(nint socket, in Guid function);
}
