using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;

namespace RxSockets.Conformance;

/// <summary>What the datagram cases share.</summary>
internal static class DatagramPeers
{
    extension(TestPort port)
    {
        public RxDatagramSocket Datagrams(Action<DatagramOptions>? configure = null, EndPoint? endPoint = null)
        {
            var options = new DatagramOptions { CompletionPort = port.Port };
            configure?.Invoke(options);
            endPoint ??= new IPEndPoint(IPAddress.Loopback, 0);
            return port.Gateway is { } gateway && endPoint is IPEndPoint ip ? gateway.Bind(ip, options) : RxDatagramSocket.Bind(endPoint, options);
        }
    }

    extension(Peers)
    {
        /// <summary>A plain UDP socket; where the case runs on the simulated engine, its network reaches it.</summary>
        public static Socket Datagrams(IPAddress? address = null, int port = 0)
        {
            address ??= IPAddress.Loopback;
            var socket = new PlainSocket(address.AddressFamily, SocketType.Dgram, ProtocolType.Udp) { ReceiveBufferSize = 1 << 20 };
            socket.Bind(new IPEndPoint(address, port));
            SimulatedGateway.Current?.ExposeDatagrams(socket);
            return socket;
        }

        public static int LoopbackIndex => NetworkInterface.GetAllNetworkInterfaces()
            .First(static one => one.NetworkInterfaceType == NetworkInterfaceType.Loopback).GetIPProperties().GetIPv4Properties().Index;

        /// <summary>An interface with IPv6 and multicast (the loopback interface of Linux has no multicast route), or 0.</summary>
        public static int Ip6MulticastIndex => NetworkInterface.GetAllNetworkInterfaces()
            .Where(static one => one.OperationalStatus == OperationalStatus.Up && one.SupportsMulticast && one.Supports(NetworkInterfaceComponent.IPv6)
                && one.NetworkInterfaceType != NetworkInterfaceType.Loopback
                && one.GetIPProperties().UnicastAddresses.Any(static address => address.Address.IsIPv6LinkLocal))
            .Select(static one => one.GetIPProperties().GetIPv6Properties().Index).FirstOrDefault();
    }

    public static async Task<byte[]> ReceiveDatagramAsync(this Socket socket)
    {
        byte[] bytes = new byte[65536];
        int length = await socket.ReceiveAsync(bytes.AsMemory()).AsTask().Within();
        return bytes[..length];
    }

    /// <summary>Runs the function for every item, one after the other.</summary>
    public static async Task ForEachAsync<T>(this IAsyncEnumerable<T> items, Func<T, ValueTask> each)
    {
        await foreach (T item in items)
            await each(item);
    }
}
