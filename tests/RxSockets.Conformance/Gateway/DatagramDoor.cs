using System.Net;
using System.Net.Sockets;
using RxSockets.Testing;

namespace RxSockets.Conformance;

/// <summary>A plain datagram socket at the endpoint of one of the simulation: what comes there goes on in the simulation, from a stand-in of whoever sent it.</summary>
internal sealed class DatagramDoor
{
    // What the gateway holds is not what loses datagrams.
    public const int KernelBuffer = 8 << 20;

    private readonly SimulatedGateway _gateway;
    private readonly Socket _kernel;
    private readonly int _port;
    private bool _closed;

    public DatagramDoor(SimulatedGateway gateway, Socket kernel)
    {
        _gateway = gateway;
        _kernel = kernel;
        _port = ((IPEndPoint)kernel.LocalEndPoint!).Port;
        Running = gateway.Observed(RunAsync());
    }

    public Task Running { get; }

    private bool IsClosed => Volatile.Read(ref _closed);

    /// <summary>The socket of the simulation is still there.</summary>
    public bool IsAlive
    {
        get
        {
            lock (_gateway.Host.Network.Loop.Sync)
                return !IsClosed && _gateway.Host.Datagrams.ContainsKey(_port);
        }
    }

    /// <summary>A kernel's socket there, or null where it cannot be.</summary>
    public static Socket? TryOpen(IPEndPoint endPoint, bool dualMode)
    {
        var socket = new Socket(endPoint.AddressFamily, SocketType.Dgram, ProtocolType.Udp) { ReceiveBufferSize = KernelBuffer };
        try
        {
            if (endPoint.AddressFamily == AddressFamily.InterNetworkV6)
                socket.DualMode = dualMode;
            socket.Bind(endPoint);
            return socket;
        }
        catch (SocketException)
        {
            socket.Dispose();
            return null;
        }
    }

    /// <summary>It is the one of the simulation's socket with that port.</summary>
    public bool IsAt(int port) => !IsClosed && _port == port;

    /// <summary>From the endpoint of the simulation's socket to a plain one.</summary>
    public async Task SendAsync(ReadOnlyMemory<byte> datagram, IPEndPoint peer)
    {
        try
        {
            await _kernel.SendToAsync(datagram, SocketFlags.None, peer);
        }
        catch (Exception error) when (IsClosed && error is SocketException or ObjectDisposedException)
        {
            // Its socket is gone, and so is what was under way.
        }
    }

    public void Close()
    {
        if (!Interlocked.Exchange(ref _closed, true))
            _kernel.Dispose();
    }

    private async Task RunAsync()
    {
        byte[] buffer = GC.AllocateUninitializedArray<byte>(65536);
        var anybody = new IPEndPoint(_kernel.AddressFamily == AddressFamily.InterNetwork ? IPAddress.Any : IPAddress.IPv6Any, 0);
        while (true)
        {
            SocketReceiveFromResult received;
            try
            {
                received = await _kernel.ReceiveFromAsync(buffer, SocketFlags.None, anybody);
            }
            catch (Exception error) when (IsClosed && error is SocketException or ObjectDisposedException)
            {
                return;
            }

            IPEndPoint from = Unmapped.Of((IPEndPoint)received.RemoteEndPoint);
            var to = new IPEndPoint(from.AddressFamily == AddressFamily.InterNetwork ? IPAddress.Loopback : IPAddress.IPv6Loopback, _port);
            DatagramStandIn standIn = await _gateway.StandInAsync(from);
            await standIn.SendAsync(buffer.AsMemory(0, received.ReceivedBytes), to);
        }
    }
}
