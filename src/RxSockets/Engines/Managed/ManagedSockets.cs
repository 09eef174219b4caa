using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;

namespace RxSockets.Engines.Managed;

/// <summary>Making sockets, and what the kernel knows about them that System.Net.Sockets does not wrap.</summary>
internal static class ManagedSockets
{
    private const int TcpLevel = 6;
    private const int LinuxTcpInfo = 11;
    private const byte LinuxTcpClose = 7;
    private const int LinuxLastDataSentOffset = 44;
    private const int LinuxBytesAckedOffset = 120;
    private const int WindowsSocketLevel = 0xFFFF;
    private const int WindowsConnectTime = 0x700C;

    public static Socket Create(EndPoint endPoint) => endPoint switch
    {
        IPEndPoint => new Socket(endPoint.AddressFamily, SocketType.Stream, ProtocolType.Tcp),
        UnixDomainSocketEndPoint => new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified),
        _ => throw new SocketException((int)SocketError.AddressFamilyNotSupported),
    };

    /// <summary>
    /// The timestamp of the moment the connection was established. Linux: now less tcpi_last_data_sent, which counts from establishment until
    /// something is sent; Windows: now less SO_CONNECT_TIME (whole seconds); elsewhere, and for Unix sockets, now.
    /// </summary>
    public static long EstablishedAt(Socket socket, TimeProvider time)
    {
        long now = time.GetTimestamp();
        if (socket.AddressFamily == AddressFamily.Unix)
            return now;
        return now - (long)(AgeInSeconds(socket) * time.TimestampFrequency);
    }

    /// <summary>Bytes that the peer acknowledged; 0 where System.Net.Sockets has no way to ask: elsewhere than on Linux, for Unix sockets, and when closed.</summary>
    public static long Acknowledged(Socket socket)
    {
        Span<byte> info = stackalloc byte[LinuxBytesAckedOffset + 8];
        return TryReadTcpInfo(socket, info) ? BinaryPrimitives.ReadInt64LittleEndian(info[LinuxBytesAckedOffset..]) : 0;
    }

    /// <summary>TCP on Linux: the state is CLOSE. False for Unix sockets, where nothing that was sent is lost, and elsewhere: System.Net.Sockets has no way to ask.</summary>
    public static bool IsReset(Socket socket)
    {
        Span<byte> state = stackalloc byte[1];
        return TryReadTcpInfo(socket, state) && state[0] == LinuxTcpClose;
    }

    // 0 as well for a connection that was reset meanwhile: its age does not matter any more.
    private static double AgeInSeconds(Socket socket)
    {
        if (OperatingSystem.IsWindows())
        {
            Span<byte> seconds = stackalloc byte[4];
            return TryRead(socket, WindowsSocketLevel, WindowsConnectTime, seconds) && BinaryPrimitives.ReadUInt32LittleEndian(seconds) is var value and < uint.MaxValue ? value : 0;
        }

        Span<byte> info = stackalloc byte[LinuxLastDataSentOffset + 4];
        return TryReadTcpInfo(socket, info) ? BinaryPrimitives.ReadUInt32LittleEndian(info[LinuxLastDataSentOffset..]) / 1000.0 : 0;
    }

    /// <summary>The first bytes of Linux's struct tcp_info.</summary>
    private static bool TryReadTcpInfo(Socket socket, Span<byte> info) =>
        OperatingSystem.IsLinux() && socket.AddressFamily != AddressFamily.Unix && TryRead(socket, TcpLevel, LinuxTcpInfo, info);

    private static bool TryRead(Socket socket, int level, int name, Span<byte> value)
    {
        try
        {
            return socket.GetRawSocketOption(level, name, value) == value.Length;
        }
        catch (Exception error) when (error is SocketException or ObjectDisposedException)
        {
            return false;
        }
    }
}
