using System.Net;
using System.Net.Sockets;

namespace RxSockets.Benchmarks.Load;

/// <summary>How the load generator opens a socket.</summary>
internal static class LoadSockets
{
    private const int BindAddressNoPort = 24;
    private const int Sources = 200;

    private static readonly IPEndPoint[] s_sources = [.. Enumerable.Range(1, Sources).Select(static i => new IPEndPoint(new IPAddress([127, 0, 1, (byte)i]), 0))];
    private static int s_source;

    /// <summary>Connected (on loopback that takes no wait worth mentioning), and non-blocking from then on.</summary>
    public static Socket Open(LoadMode mode, IPEndPoint server)
    {
        bool datagram = mode == LoadMode.Datagram;
        var socket = new Socket(AddressFamily.InterNetwork, datagram ? SocketType.Dgram : SocketType.Stream, datagram ? ProtocolType.Udp : ProtocolType.Tcp);
        try
        {
            if (!datagram)
                socket.NoDelay = true;
            // Connections that come and go are spread over source addresses, or TIME_WAIT eats the ports.
            if (OperatingSystem.IsLinux() && mode is LoadMode.Churn or LoadMode.Accept or LoadMode.File)
            {
                socket.SetRawSocketOption((int)SocketOptionLevel.IP, BindAddressNoPort, [1, 0, 0, 0]);
                socket.Bind(s_sources[s_source++ % Sources]);
            }

            socket.Connect(server);
            socket.Blocking = false;
            return socket;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }
}
