using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using RxSockets.Native.Linux;
using static RxSockets.Native.Linux.LinuxConstants;

namespace RxSockets.Engines.IoUring;

/// <summary>The multicast options that are structures. Results are 0, or a negative errno.</summary>
internal static unsafe class LinuxMulticast
{
    public static int SetMembership(int fd, bool join, IPAddress group, int interfaceIndex)
    {
        if (group.AddressFamily == AddressFamily.InterNetworkV6)
        {
            var request6 = new ipv6_mreq { ipv6mr_interface = interfaceIndex };
            group.TryWriteBytes(new Span<byte>(request6.ipv6mr_multiaddr, 16), out _);
            return Set(fd, IPPROTO_IPV6, join ? IPV6_ADD_MEMBERSHIP : IPV6_DROP_MEMBERSHIP, &request6, sizeof(ipv6_mreq));
        }

        var request = new ip_mreqn { imr_ifindex = interfaceIndex };
        group.TryWriteBytes(new Span<byte>(&request.imr_multiaddr, 4), out _);
        return Set(fd, IPPROTO_IP, join ? IP_ADD_MEMBERSHIP : IP_DROP_MEMBERSHIP, &request, sizeof(ip_mreqn));
    }

    public static int SetInterface(int fd, AddressFamily family, int interfaceIndex)
    {
        if (family == AddressFamily.InterNetworkV6)
            return LinuxSocket.SetOption(fd, IPPROTO_IPV6, IPV6_MULTICAST_IF, interfaceIndex);
        var request = new ip_mreqn { imr_ifindex = interfaceIndex };
        return Set(fd, IPPROTO_IP, IP_MULTICAST_IF, &request, sizeof(ip_mreqn));
    }

    /// <summary>Linux would deliver the groups that any socket of the machine has joined; elsewhere a socket hears only its own.</summary>
    public static void OnlyOwnGroups(int fd, AddressFamily family)
    {
        // IPV6_MULTICAST_ALL came with Linux 4.20; without it there is nothing else to do.
        if (family == AddressFamily.InterNetworkV6)
            _ = LinuxSocket.SetOption(fd, IPPROTO_IPV6, IPV6_MULTICAST_ALL, 0);
        _ = LinuxSocket.SetOption(fd, IPPROTO_IP, IP_MULTICAST_ALL, 0);
    }

    private static int Set(int fd, int level, int name, void* value, int length)
    {
        int result = Libc.setsockopt(fd, level, name, value, (uint)length);
        int error = Marshal.GetLastSystemError();
        return result == 0 ? 0 : -error;
    }
}
