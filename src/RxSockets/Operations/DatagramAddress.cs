using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;

namespace RxSockets.Operations;

/// <summary>
/// A native socket address that is written over for every send: EndPoint.Serialize would allocate one each time. Port, address and scope lie at the
/// same place on every system .NET runs on; the family field, which does not, is written once by the framework.
/// </summary>
internal sealed class DatagramAddress
{
    private const int PortOffset = 2;
    private const int Ip4Offset = 4;
    private const int FlowOffset = 4;
    private const int Ip6Offset = 8;
    private const int ScopeOffset = 24;
    private const int Ip4Bytes = 16;
    private const int Ip6Bytes = 28;

    private SocketAddress? _ip4;
    private SocketAddress? _ip6;

    /// <summary>
    /// The address of the endpoint as a socket of this family sends to it: on an IPv6 socket IPv4 is mapped. Null where it cannot. Valid until the next call.
    /// </summary>
    public SocketAddress? Write(IPEndPoint endPoint, AddressFamily socketFamily)
    {
        if (socketFamily == AddressFamily.InterNetwork)
            return endPoint.AddressFamily == AddressFamily.InterNetwork ? WriteIp4(endPoint) : null;
        return WriteIp6(endPoint);
    }

    private SocketAddress WriteIp4(IPEndPoint endPoint)
    {
        SocketAddress address = _ip4 ??= new SocketAddress(AddressFamily.InterNetwork, Ip4Bytes);
        Span<byte> bytes = address.Buffer.Span;
        BinaryPrimitives.WriteUInt16BigEndian(bytes[PortOffset..], (ushort)endPoint.Port);
        endPoint.Address.TryWriteBytes(bytes[Ip4Offset..], out _);
        return address;
    }

    private SocketAddress WriteIp6(IPEndPoint endPoint)
    {
        SocketAddress address = _ip6 ??= new SocketAddress(AddressFamily.InterNetworkV6, Ip6Bytes);
        Span<byte> bytes = address.Buffer.Span;
        BinaryPrimitives.WriteUInt16BigEndian(bytes[PortOffset..], (ushort)endPoint.Port);
        bytes.Slice(FlowOffset, 4).Clear();
        Span<byte> ip = bytes.Slice(Ip6Offset, 16);
        uint scope = 0;
        if (endPoint.AddressFamily == AddressFamily.InterNetwork)
        {
            ip[..10].Clear();
            ip[10] = ip[11] = 0xFF;
            endPoint.Address.TryWriteBytes(ip[12..], out _);
        }
        else
        {
            endPoint.Address.TryWriteBytes(ip, out _);
            scope = (uint)endPoint.Address.ScopeId;
        }

        BitConverter.TryWriteBytes(bytes[ScopeOffset..], scope);
        return address;
    }
}
