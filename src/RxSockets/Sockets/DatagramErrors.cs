using System.Net.Sockets;

namespace RxSockets.Sockets;

/// <summary>Which errors of a datagram socket are the network's word about one datagram, and which mean that the handle is of no use any more.</summary>
internal static class DatagramErrors
{
    /// <summary>
    /// What ICMP brings (port, host, network or protocol unreachable, too big, time exceeded), which the next call on the socket reports, whichever it is. Windows
    /// reports port unreachable as ConnectionReset, and an expired time to live as NetworkReset.
    /// </summary>
    public static bool IsOfTheNetwork(SocketError error) => error is
        SocketError.ConnectionRefused or SocketError.ConnectionReset or SocketError.NetworkReset
        or SocketError.HostUnreachable or SocketError.HostDown or SocketError.NetworkUnreachable or SocketError.NetworkDown
        or SocketError.ProtocolOption or SocketError.ProtocolNotSupported or SocketError.MessageSize or SocketError.TimedOut
        or SocketError.AccessDenied or SocketError.Interrupted;
}
