using System.Net;
using System.Net.Sockets;

namespace RxSockets;

/// <content>Multicast, and the socket options people set.</content>
public sealed partial class RxDatagramSocket
{
    /// <summary>Whether groups this socket sends to are also delivered to this machine (IP_MULTICAST_LOOP). The system's default is true.</summary>
    public bool MulticastLoopback
    {
        get => Get(OwnLevel, SocketOptionName.MulticastLoopback) != 0;
        set => Set(OwnLevel, SocketOptionName.MulticastLoopback, value ? 1 : 0);
    }

    /// <summary>Routers that multicast datagrams may pass, plus one (IP_MULTICAST_TTL), 0 to 255. The system's default is 1: this network only.</summary>
    public int MulticastTimeToLive
    {
        get => Get(OwnLevel, SocketOptionName.MulticastTimeToLive);
        set
        {
            Limits.Between(value, 0, 255, nameof(MulticastTimeToLive));
            Set(OwnLevel, SocketOptionName.MulticastTimeToLive, value);
        }
    }

    /// <summary>Routers that unicast datagrams may pass, plus one (IP_TTL, IPV6_UNICAST_HOPS), 1 to 255.</summary>
    public int TimeToLive
    {
        get => Get(OwnLevel, SocketOptionName.IpTimeToLive);
        set
        {
            Limits.Between(value, 1, 255, nameof(TimeToLive));
            Set(OwnLevel, SocketOptionName.IpTimeToLive, value);
        }
    }

    /// <summary>The kernel's send buffer in bytes (SO_SNDBUF). Linux doubles what is set.</summary>
    public int SendBufferSize
    {
        get => Get(SocketOptionLevel.Socket, SocketOptionName.SendBuffer);
        set => Set(SocketOptionLevel.Socket, SocketOptionName.SendBuffer, value);
    }

    /// <summary>The kernel's receive buffer in bytes (SO_RCVBUF): how long a burst may be while nobody reads. Linux doubles what is set.</summary>
    public int ReceiveBufferSize
    {
        get => Get(SocketOptionLevel.Socket, SocketOptionName.ReceiveBuffer);
        set => Set(SocketOptionLevel.Socket, SocketOptionName.ReceiveBuffer, value);
    }

    private SocketOptionLevel OwnLevel =>
        LocalEndPoint.AddressFamily == AddressFamily.InterNetworkV6 ? SocketOptionLevel.IPv6 : SocketOptionLevel.IP;

    /// <summary>
    /// Joins a multicast group: datagrams sent to it on that interface and to the bound port are received. The socket hears only groups it joined itself.
    /// </summary>
    /// <param name="group">A multicast address; on an IPv6 socket in dual mode an IPv4 group is possible where the system allows it (Linux).</param>
    /// <param name="interfaceIndex">The interface, as <c>IPInterfaceProperties</c> numbers them; 0 is the system's choice.</param>
    /// <exception cref="SocketException">InvalidArgument, AddressAlreadyInUse (joined already), NetworkUnreachable or the like, as the system reports.</exception>
    public void JoinMulticastGroup(IPAddress group, int interfaceIndex = 0) => SetMembership(join: true, group, interfaceIndex);

    /// <summary>Leaves a group joined with the same interface.</summary>
    /// <exception cref="SocketException">AddressNotAvailable: it was not joined.</exception>
    public void LeaveMulticastGroup(IPAddress group, int interfaceIndex = 0) => SetMembership(join: false, group, interfaceIndex);

    /// <summary>Sets the interface by which datagrams to groups leave (IP_MULTICAST_IF); 0 is the system's choice.</summary>
    public void SetMulticastInterface(int interfaceIndex)
    {
        Limits.Between(interfaceIndex, 0, int.MaxValue, nameof(interfaceIndex));
        _core.WithHandle((Family: LocalEndPoint.AddressFamily, Index: interfaceIndex), static (socket, to) =>
        {
            socket.SetMulticastInterface(to.Family, to.Index);
            return true;
        });
    }

    private void SetMembership(bool join, IPAddress group, int interfaceIndex)
    {
        ArgumentNullException.ThrowIfNull(group);
        Limits.Between(interfaceIndex, 0, int.MaxValue, nameof(interfaceIndex));
        _core.WithHandle((Join: join, Group: group, Index: interfaceIndex), static (socket, to) =>
        {
            socket.SetMembership(to.Join, to.Group, to.Index);
            return true;
        });
    }

    private int Get(SocketOptionLevel level, SocketOptionName name) =>
        _core.WithHandle((level, name), static (socket, option) => socket.GetOption(option.level, option.name));

    private void Set(SocketOptionLevel level, SocketOptionName name, int value) =>
        _core.WithHandle((level, name, value), static (socket, option) =>
        {
            socket.SetOption(option.level, option.name, option.value);
            return true;
        });
}
