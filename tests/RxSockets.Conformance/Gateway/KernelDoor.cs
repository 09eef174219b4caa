using System.Net;
using System.Net.Sockets;

namespace RxSockets.Conformance;

/// <summary>A socket of the kernel at the endpoint of one of the simulation, for as long as that is there. What comes to it goes on in the simulation.</summary>
internal abstract class KernelDoor(SimulatedGateway gateway, Socket kernel)
{
    private bool _closed;

    /// <summary>The socket of the simulation is still there.</summary>
    public bool IsAlive
    {
        get
        {
            lock (Gateway.Host.Network.Loop.Sync)
                return !IsClosed && HasOwner;
        }
    }

    /// <summary>Ends when it is closed.</summary>
    public abstract Task Running { get; }

    protected SimulatedGateway Gateway { get; } = gateway;

    protected Socket Kernel { get; } = kernel;

    protected bool IsClosed => Volatile.Read(ref _closed);

    /// <summary>Under the network's lock: somebody has the endpoint in the simulation.</summary>
    protected abstract bool HasOwner { get; }

    public void Close()
    {
        if (Interlocked.Exchange(ref _closed, true))
            return;
        Kernel.Dispose();
        Closed();
    }

    /// <summary>The socket, bound and made ready; null, and disposed of, where it cannot be.</summary>
    protected static Socket? TryBind(Socket socket, EndPoint endPoint, bool dualMode, Action<Socket>? ready = null)
    {
        try
        {
            if (endPoint.AddressFamily == AddressFamily.InterNetworkV6)
                socket.DualMode = dualMode;
            socket.Bind(endPoint);
            ready?.Invoke(socket);
            return socket;
        }
        catch (SocketException)
        {
            socket.Dispose();
            return null;
        }
    }

    /// <summary>An error that the kernel's socket may give because it was closed.</summary>
    protected bool IsOurs(Exception error) => IsClosed && error is SocketException or ObjectDisposedException;

    /// <summary>Once, after the kernel's socket went.</summary>
    protected virtual void Closed()
    {
    }
}
