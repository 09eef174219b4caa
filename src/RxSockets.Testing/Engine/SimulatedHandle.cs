using System.Net.Sockets;
using RxSockets.Operations;

namespace RxSockets.Testing;

/// <summary>A handle that was kept: a descriptor of its host until it is closed or connected again.</summary>
internal sealed class SimulatedHandle(SimulatedHost host, AddressFamily family) : RecycledHandle
{
    private bool _closed;

    public override AddressFamily Family => family;

    public override bool IsClosed => Volatile.Read(ref _closed);

    /// <summary>Under the lock: it has become a socket again, and the descriptor that one's.</summary>
    public void Reuse() => _closed = true;

    public override void Dispose()
    {
        lock (host.Network.Loop.Sync)
        {
            if (_closed)
                return;
            _closed = true;
            host.CloseDescriptor();
        }
    }
}
