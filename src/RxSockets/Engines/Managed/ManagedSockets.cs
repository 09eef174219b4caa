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
        if (!OperatingSystem.IsLinux() || socket.AddressFamily == AddressFamily.Unix)
            return 0;
        try
        {
            Span<byte> info = stackalloc byte[LinuxBytesAckedOffset + 8];
            return socket.GetRawSocketOption(TcpLevel, LinuxTcpInfo, info) == info.Length ? BinaryPrimitives.ReadInt64LittleEndian(info[LinuxBytesAckedOffset..]) : 0;
        }
        catch (Exception error) when (error is SocketException or ObjectDisposedException)
        {
            return 0;
        }
    }

    /// <summary>TCP on Linux: the state is CLOSE. False for Unix sockets, where nothing that was sent is lost, and elsewhere: System.Net.Sockets has no way to ask.</summary>
    public static bool IsReset(Socket socket)
    {
        if (!OperatingSystem.IsLinux() || socket.AddressFamily == AddressFamily.Unix)
            return false;
        try
        {
            Span<byte> state = stackalloc byte[1];
            return socket.GetRawSocketOption(TcpLevel, LinuxTcpInfo, state) == 1 && state[0] == LinuxTcpClose;
        }
        catch (Exception error) when (error is SocketException or ObjectDisposedException)
        {
            return false;
        }
    }

    private static double AgeInSeconds(Socket socket)
    {
        try
        {
            if (OperatingSystem.IsLinux())
            {
                Span<byte> info = stackalloc byte[104];
                if (socket.GetRawSocketOption(TcpLevel, LinuxTcpInfo, info) >= LinuxLastDataSentOffset + 4)
                    return BinaryPrimitives.ReadUInt32LittleEndian(info[LinuxLastDataSentOffset..]) / 1000.0;
            }
            else if (OperatingSystem.IsWindows())
            {
                Span<byte> seconds = stackalloc byte[4];
                if (socket.GetRawSocketOption(WindowsSocketLevel, WindowsConnectTime, seconds) == 4)
                {
                    uint value = BinaryPrimitives.ReadUInt32LittleEndian(seconds);
                    return value == uint.MaxValue ? 0 : value;
                }
            }
        }
        catch (SocketException)
        {
            // Reset meanwhile: its age does not matter any more.
        }

        return 0;
    }
}
