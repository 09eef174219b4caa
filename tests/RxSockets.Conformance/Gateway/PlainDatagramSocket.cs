using System.Net.Sockets;

namespace RxSockets.Conformance;

/// <summary>A plain datagram socket that says when it goes: its stand-in in a simulation goes at that moment.</summary>
internal sealed class PlainDatagramSocket(AddressFamily family) : Socket(family, SocketType.Dgram, ProtocolType.Udp)
{
    public event Action? Disposing;

    protected override void Dispose(bool disposing)
    {
        if (disposing)
            Disposing?.Invoke();
        base.Dispose(disposing);
    }
}
