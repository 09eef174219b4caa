using System.Net.Sockets;
using RxSockets.Operations;

namespace RxSockets.Engines.Managed;

/// <summary>
/// What stands for a kept handle: nothing. System.Net.Sockets itself makes a new descriptor for a reused socket on Unix, sends the former connection's receive
/// buffer to the next peer when the same object reconnects (dotnet/runtime#124381) and reports the former local endpoint. So the socket is closed, and
/// the next connect makes another one: the same to the user, but without the saving.
/// </summary>
internal sealed class ManagedHandle(AddressFamily family) : RecycledHandle
{
    private volatile bool _closed;

    public override AddressFamily Family => family;

    public override bool IsClosed => _closed;

    public override void Dispose() => _closed = true;
}
