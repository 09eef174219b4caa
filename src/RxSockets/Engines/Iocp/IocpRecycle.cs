using System.Net.Sockets;
using RxSockets.Native.Windows;
using static RxSockets.Native.Windows.WindowsConstants;

namespace RxSockets.Engines.Iocp;

/// <summary>
/// DisconnectEx with TF_REUSE_SOCKET, once both FINs were seen. It can pend for as long as TIME_WAIT lasts; the owner closes when its patience ends. The
/// handle is believed to be without a connection only when SO_CONNECT_TIME says so: under Wine the call succeeds and the handle stays what it was.
/// Guarded by the socket's lock.
/// </summary>
internal sealed unsafe class IocpRecycle(IocpSocket socket) : IocpRequest(socket.Loop)
{
    public bool InFlight { get; private set; }

    /// <summary>False: the call failed, and there will be no completion.</summary>
    public bool TryStart(WinsockExtensions extensions)
    {
        Loop.Statistics.Submitted(Verb.Recycle);
        OVERLAPPED* overlapped = Begin(socket.Key);
        InFlight = true;
        int code = extensions.DisconnectEx(socket.Native, overlapped, TF_REUSE_SOCKET);
        if (code is 0 or Win32Error.ERROR_IO_PENDING)
            return true;
        InFlight = false;
        NotBegun();
        Loop.Statistics.Completed(Verb.Recycle);
        return false;
    }

    public override void OnCompletion(uint status, uint bytes)
    {
        bool kept;
        lock (socket.Sync)
        {
            InFlight = false;
            Loop.Statistics.Completed(Verb.Recycle);
            kept = WinsockErrors.FromStatus(status) == SocketError.Success && WinsockSocket.ConnectSeconds(socket.Winsock, socket.Native) is null;
        }

        socket.Recycled(kept);
    }
}
