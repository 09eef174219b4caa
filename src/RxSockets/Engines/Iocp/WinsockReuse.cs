using static RxSockets.Native.Windows.WindowsConstants;

namespace RxSockets.Engines.Iocp;

/// <summary>Sets the options of a used handle to those of a new one of the family, which is made for comparison.</summary>
internal static unsafe class WinsockReuse
{
    private static readonly (int Level, int Name)[] s_options =
    [
        (SOL_SOCKET, SO_KEEPALIVE), (SOL_SOCKET, SO_SNDBUF), (SOL_SOCKET, SO_RCVBUF), (IPPROTO_TCP, TCP_NODELAY), (IPPROTO_TCP, TCP_KEEPIDLE),
        (IPPROTO_TCP, TCP_KEEPINTVL), (IPPROTO_TCP, TCP_KEEPCNT),
    ];

    /// <summary>0, or the error of making the new socket.</summary>
    public static int ResetOptions(IWinsock winsock, nint socket, int family)
    {
        int code = winsock.CreateSocket(family, SOCK_STREAM, IPPROTO_TCP, out nint fresh);
        if (code != 0)
            return code;
        foreach ((int level, int name) in s_options)
        {
            if (WinsockSocket.GetOption(winsock, fresh, level, name, out int value) == 0)
                _ = WinsockSocket.SetOption(winsock, socket, level, name, value);
        }

        var linger = default(Native.Windows.LINGER);
        _ = winsock.SetOption(socket, SOL_SOCKET, SO_LINGER, &linger, sizeof(Native.Windows.LINGER));
        return winsock.Close(fresh);
    }
}
