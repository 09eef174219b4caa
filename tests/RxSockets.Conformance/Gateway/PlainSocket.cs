using System.Net.Sockets;

namespace RxSockets.Conformance;

/// <summary>A plain socket that says when it goes: a simulation that it was shown to has to forget it at that moment.</summary>
internal sealed class PlainSocket(AddressFamily family, SocketType type, ProtocolType protocol) : Socket(family, type, protocol)
{
    public event Action? Disposing;

    protected override void Dispose(bool disposing)
    {
        if (disposing)
            Disposing?.Invoke();
        base.Dispose(disposing);
    }
}
