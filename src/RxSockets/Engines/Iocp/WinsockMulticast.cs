using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using RxSockets.Native.Windows;
using static RxSockets.Native.Windows.WindowsConstants;

namespace RxSockets.Engines.Iocp;

/// <summary>The multicast options that take an interface. For IPv4 Windows takes its number as an address 0.x.x.x. Results are 0 or the last error.</summary>
internal static unsafe class WinsockMulticast
{
    public static int SetMembership(IWinsock winsock, nint socket, bool join, IPAddress group, int interfaceIndex)
    {
        if (group.AddressFamily == AddressFamily.InterNetworkV6)
        {
            var request6 = new ipv6_mreq { ipv6mr_interface = (uint)interfaceIndex };
            group.TryWriteBytes(new Span<byte>(request6.ipv6mr_multiaddr, 16), out _);
            return winsock.SetOption(socket, IPPROTO_IPV6, join ? IPV6_ADD_MEMBERSHIP : IPV6_DROP_MEMBERSHIP, &request6, sizeof(ipv6_mreq));
        }

        var request = new ip_mreq { imr_interface = NetworkOrder(interfaceIndex) };
        group.TryWriteBytes(new Span<byte>(&request.imr_multiaddr, 4), out _);
        return winsock.SetOption(socket, IPPROTO_IP, join ? IP_ADD_MEMBERSHIP : IP_DROP_MEMBERSHIP, &request, sizeof(ip_mreq));
    }

    public static int SetInterface(IWinsock winsock, nint socket, AddressFamily family, int interfaceIndex) =>
        family == AddressFamily.InterNetworkV6
            ? WinsockSocket.SetOption(winsock, socket, IPPROTO_IPV6, IPV6_MULTICAST_IF, interfaceIndex)
            : WinsockSocket.SetOption(winsock, socket, IPPROTO_IP, IP_MULTICAST_IF, (int)NetworkOrder(interfaceIndex));

    private static uint NetworkOrder(int value) => BitConverter.IsLittleEndian ? BinaryPrimitives.ReverseEndianness((uint)value) : (uint)value;
}
