using System.Net;
using System.Net.Sockets;

namespace RxSockets.Engines.Managed;

/// <summary>Multicast by System.Net.Sockets, and what it does not wrap.</summary>
internal static class ManagedMulticast
{
    private const int LinuxIpLevel = 0;
    private const int LinuxIp6Level = 41;
    private const int LinuxIpMulticastAll = 49;
    private const int LinuxIp6MulticastAll = 29;

    public static void SetMembership(Socket socket, bool join, IPAddress group, int interfaceIndex)
    {
        SocketOptionName name = join ? SocketOptionName.AddMembership : SocketOptionName.DropMembership;
        if (group.AddressFamily == AddressFamily.InterNetworkV6)
            socket.SetSocketOption(SocketOptionLevel.IPv6, name, new IPv6MulticastOption(group, interfaceIndex));
        else
            socket.SetSocketOption(SocketOptionLevel.IP, name, new MulticastOption(group, interfaceIndex));
    }

    public static void SetInterface(Socket socket, AddressFamily family, int interfaceIndex)
    {
        if (family == AddressFamily.InterNetworkV6)
            socket.SetSocketOption(SocketOptionLevel.IPv6, SocketOptionName.MulticastInterface, interfaceIndex);
        else
            socket.SetSocketOption(SocketOptionLevel.IP, SocketOptionName.MulticastInterface, IPAddress.HostToNetworkOrder(interfaceIndex));
    }

    /// <summary>Linux would deliver the groups that any socket of the machine has joined; elsewhere a socket hears only its own.</summary>
    public static void OnlyOwnGroups(Socket socket)
    {
        if (!OperatingSystem.IsLinux())
            return;
        ReadOnlySpan<byte> no = [0, 0, 0, 0];
        socket.SetRawSocketOption(LinuxIpLevel, LinuxIpMulticastAll, no);
        if (socket.AddressFamily == AddressFamily.InterNetworkV6)
            socket.SetRawSocketOption(LinuxIp6Level, LinuxIp6MulticastAll, no);
    }
}
