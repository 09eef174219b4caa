using System.Runtime.InteropServices;
using RxSockets.Native.Linux;
using static RxSockets.Native.Linux.LinuxConstants;

namespace RxSockets.Engines.IoUring;

/// <summary>The system calls that make a used descriptor like new.</summary>
internal static unsafe class LinuxReuse
{
    // Without the buffers, which are treated apart.
    private static readonly (int Level, int Name)[] s_options =
    [
        (SOL_SOCKET, SO_KEEPALIVE), (IPPROTO_TCP, TCP_NODELAY), (IPPROTO_TCP, TCP_CORK), (IPPROTO_TCP, TCP_KEEPIDLE), (IPPROTO_TCP, TCP_KEEPINTVL),
        (IPPROTO_TCP, TCP_KEEPCNT), (IPPROTO_TCP, TCP_USER_TIMEOUT), (IPPROTO_TCP, TCP_NOTSENT_LOWAT), (SOL_SOCKET, SO_PRIORITY), (SOL_SOCKET, SO_RCVLOWAT),
    ];

    /// <summary>Dissolves what the descriptor is connected to, or tries to be. The address a user bound stays.</summary>
    public static int Dissolve(int fd)
    {
        byte* address = stackalloc byte[16];
        new Span<byte>(address, 16).Clear();
        *(ushort*)address = AF_UNSPEC;
        int result = Libc.connect(fd, address, 16);
        int error = Marshal.GetLastSystemError();
        return result == 0 ? 0 : -error;
    }

    /// <summary>
    /// Sets the options to those of a new socket of the family, which is made for comparison. Buffer sizes that were set are set back, and the kernel
    /// tunes them again (SO_BUF_LOCK).
    /// </summary>
    public static int ResetOptions(int fd, int family)
    {
        int fresh = Libc.socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
        int error = Marshal.GetLastSystemError();
        if (fresh < 0)
            return -error;
        foreach ((int level, int name) in s_options)
            Copy(fresh, fd, level, name, divisor: 1);
        if (LinuxSocket.GetOption(fd, SOL_SOCKET, SO_BUF_LOCK, out int locked) == 0 && locked != 0)
        {
            // The kernel doubles what is set.
            Copy(fresh, fd, SOL_SOCKET, SO_SNDBUF, divisor: 2);
            Copy(fresh, fd, SOL_SOCKET, SO_RCVBUF, divisor: 2);
            _ = LinuxSocket.SetOption(fd, SOL_SOCKET, SO_BUF_LOCK, 0);
        }

        var linger = new linger();
        _ = Libc.setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, (uint)sizeof(linger));
        return Libc.close(fresh);
    }

    private static void Copy(int from, int to, int level, int name, int divisor)
    {
        if (LinuxSocket.GetOption(from, level, name, out int value) == 0)
            _ = LinuxSocket.SetOption(to, level, name, value / divisor);
    }
}
