using System.Net.Sockets;

namespace RxSockets.Conformance;

/// <summary>A plain listening socket that says when it goes: a simulation that it was shown to has to forget it at that moment.</summary>
internal sealed class PlainListener(AddressFamily family) : Socket(family, SocketType.Stream, ProtocolType.Tcp)
{
    public event Action? Disposing;

    protected override void Dispose(bool disposing)
    {
        if (disposing)
            Disposing?.Invoke();
        base.Dispose(disposing);
    }
}
