using System.Net;
using System.Net.Sockets;
using RxSockets.Testing;

namespace RxSockets.Conformance;

/// <summary>A plain datagram socket at the endpoint of one of the simulation: what comes there goes on in the simulation, from a stand-in of whoever sent it.</summary>
internal sealed class DatagramDoor : KernelDoor
{
    // What the gateway holds is not what loses datagrams.
    public const int KernelBuffer = 8 << 20;

    private readonly int _port;

    public DatagramDoor(SimulatedGateway gateway, Socket kernel)
        : base(gateway, kernel)
    {
        _port = ((IPEndPoint)kernel.LocalEndPoint!).Port;
        Running = gateway.Observed(RunAsync());
    }

    public override Task Running { get; }

    protected override bool HasOwner => Gateway.Host.Datagrams.ContainsKey(_port);

    /// <summary>A kernel's socket there, or null where it cannot be.</summary>
    public static Socket? TryOpen(EndPoint endPoint, bool dualMode) =>
        TryBind(new Socket(endPoint.AddressFamily, SocketType.Dgram, ProtocolType.Udp) { ReceiveBufferSize = KernelBuffer }, endPoint, dualMode);

    /// <summary>It is the one of the simulation's socket with that port.</summary>
    public bool IsAt(int port) => !IsClosed && _port == port;

    /// <summary>From the endpoint of the simulation's socket to a plain one.</summary>
    public async Task SendAsync(ReadOnlyMemory<byte> datagram, IPEndPoint peer)
    {
        try
        {
            await Kernel.SendToAsync(datagram, SocketFlags.None, peer);
        }
        catch (Exception error) when (IsOurs(error))
        {
            // Its socket is gone, and so is what was under way.
        }
    }

    private async Task RunAsync()
    {
        byte[] buffer = GC.AllocateUninitializedArray<byte>(65536);
        var anybody = new IPEndPoint(Kernel.AddressFamily == AddressFamily.InterNetwork ? IPAddress.Any : IPAddress.IPv6Any, 0);
        while (true)
        {
            SocketReceiveFromResult received;
            try
            {
                received = await Kernel.ReceiveFromAsync(buffer, SocketFlags.None, anybody);
            }
            catch (Exception error) when (IsOurs(error))
            {
                return;
            }

            IPEndPoint from = Unmapped.Of((IPEndPoint)received.RemoteEndPoint);
            var to = new IPEndPoint(from.AddressFamily == AddressFamily.InterNetwork ? IPAddress.Loopback : IPAddress.IPv6Loopback, _port);
            DatagramStandIn standIn = await Gateway.StandInAsync(from);
            await standIn.SendAsync(buffer.AsMemory(0, received.ReceivedBytes), to);
        }
    }
}
