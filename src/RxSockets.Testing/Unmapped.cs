using System.Net;

namespace RxSockets.Testing;

/// <summary>Addresses and endpoints as a user writes them: IPv4 that an IPv6 socket sees as mapped is IPv4.</summary>
internal static class Unmapped
{
    public static IPAddress Of(IPAddress address) => address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;

    public static IPEndPoint Of(IPEndPoint endPoint) => endPoint.Address.IsIPv4MappedToIPv6 ? new IPEndPoint(endPoint.Address.MapToIPv4(), endPoint.Port) : endPoint;
}
