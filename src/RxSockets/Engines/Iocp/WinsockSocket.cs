using System.Net;
using System.Net.Sockets;
using RxSockets.Native.Windows;
using static RxSockets.Native.Windows.WindowsConstants;

namespace RxSockets.Engines.Iocp;

/// <summary>The plain calls on a socket: making, naming, options. No state; results are 0 or the last error.</summary>
internal static unsafe class WinsockSocket
{
    private const uint NotConnected = 0xFFFFFFFF;

    /// <summary>An overlapped stream socket of the endpoint's family.</summary>
    public static int CreateStream(IWinsock winsock, EndPoint endPoint, out nint socket)
    {
        int family = WinsockAddress.Family(endPoint);
        socket = INVALID_HANDLE_VALUE;
        if (family < 0)
            return (int)SocketError.AddressFamilyNotSupported;
        return winsock.CreateSocket(family, SOCK_STREAM, StreamProtocol(family), out socket);
    }

    public static int StreamProtocol(int family) => family == AF_UNIX ? 0 : IPPROTO_TCP;

    public static int Bind(IWinsock winsock, nint socket, EndPoint endPoint)
    {
        byte* address = stackalloc byte[WinsockAddress.MaxBytes];
        int length = WinsockAddress.Write(endPoint, address);
        return winsock.Bind(socket, address, length);
    }

    public static EndPoint? Name(IWinsock winsock, nint socket, bool peer)
    {
        byte* address = stackalloc byte[WinsockAddress.MaxBytes];
        int length = WinsockAddress.MaxBytes;
        return winsock.GetName(socket, peer, address, &length) == 0 ? WinsockAddress.Read(address, length) : null;
    }

    public static int SetOption(IWinsock winsock, nint socket, int level, int name, int value) =>
        winsock.SetOption(socket, level, name, &value, sizeof(int));

    public static int GetOption(IWinsock winsock, nint socket, int level, int name, out int value)
    {
        int local = 0;
        int length = sizeof(int);
        int error = winsock.GetOption(socket, level, name, &local, &length);
        value = local;
        return error;
    }

    /// <summary>Calls without an OVERLAPPED do not block from here on; overlapped ones never do.</summary>
    public static int SetNonBlocking(IWinsock winsock, nint socket)
    {
        uint on = 1;
        return winsock.Control(socket, FIONBIO, &on);
    }

    public static int Unread(IWinsock winsock, nint socket)
    {
        uint count = 0;
        return winsock.Control(socket, FIONREAD, &count) == 0 ? (int)count : 0;
    }

    /// <summary>Linger 0: closing resets.</summary>
    public static void SetReset(IWinsock winsock, nint socket)
    {
        var value = new LINGER { l_onoff = 1, l_linger = 0 };
        _ = winsock.SetOption(socket, SOL_SOCKET, SO_LINGER, &value, sizeof(LINGER));
    }

    /// <summary>SO_CONNECT_TIME: whole seconds since establishment; null while not connected.</summary>
    public static uint? ConnectSeconds(IWinsock winsock, nint socket) =>
        GetOption(winsock, socket, SOL_SOCKET, SO_CONNECT_TIME, out int value) == 0 && unchecked((uint)value) != NotConnected ? (uint)value : null;

    /// <summary>The timestamp of the moment a connection was established, as exactly as whole seconds tell: never earlier than it was.</summary>
    public static long EstablishedAt(IWinsock winsock, nint socket, TimeProvider time) =>
        time.GetTimestamp() - ((ConnectSeconds(winsock, socket) ?? 0) * time.TimestampFrequency);

    public static SocketException Error(int code, string doing)
    {
        SocketError error = WinsockErrors.FromCode(code);
        return new SocketException((int)error, $"{new SocketException((int)error).Message} ({doing})");
    }
}
