using System.Net.Sockets;
using RxSockets.Operations;
using static RxSockets.Native.Windows.WindowsConstants;

namespace RxSockets.Engines.Iocp;

/// <summary>A handle without a connection, still bound to its address, and to its loop's port for ever.</summary>
internal sealed class IocpHandle(IWinsock winsock, nint socket, IocpLoop loop, nuint key, AddressFamily family) : RecycledHandle
{
    private nint _socket = socket;

    public override AddressFamily Family => family;

    public override bool IsClosed => _socket == INVALID_HANDLE_VALUE;

    public nint Socket => _socket;

    public IocpLoop Loop => loop;

    public nuint Key => key;

    /// <summary>It has become a socket, or an accept.</summary>
    public void Detach() => _socket = INVALID_HANDLE_VALUE;

    public override void Dispose()
    {
        nint handle = Interlocked.Exchange(ref _socket, INVALID_HANDLE_VALUE);
        if (handle != INVALID_HANDLE_VALUE)
            _ = winsock.Close(handle);
    }
}
