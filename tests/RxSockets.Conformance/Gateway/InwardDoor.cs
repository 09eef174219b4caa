using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using RxSockets.Testing;

namespace RxSockets.Conformance;

/// <summary>A listener of the kernel at the endpoint of one of the simulation: who comes is connected there, one after the other, from the endpoint that it has.</summary>
internal sealed class InwardDoor
{
    // What the gateway holds between the two ends must not hide that one of them does not read.
    public const int KernelBuffer = 131072;

    private readonly SimulatedGateway _gateway;
    private readonly Socket _kernel;
    private readonly EndPoint _endPoint;
    private readonly ConcurrentDictionary<EndPoint, TaskCompletionSource> _arrived = new();
    private bool _closed;

    public InwardDoor(SimulatedGateway gateway, Socket kernel, EndPoint endPoint)
    {
        _gateway = gateway;
        _kernel = kernel;
        _endPoint = endPoint;
        Running = gateway.Observed(RunAsync());
    }

    public Task Running { get; }

    private bool IsClosed => Volatile.Read(ref _closed);

    /// <summary>The listener of the simulation is still there.</summary>
    public bool IsAlive
    {
        get
        {
            lock (_gateway.Host.Network.Loop.Sync)
                return !IsClosed && _gateway.Host.FindListener(_endPoint) is not null;
        }
    }

    /// <summary>A kernel's listener there, or null where it cannot be.</summary>
    public static Socket? TryOpen(EndPoint endPoint, bool dualMode)
    {
        Socket socket = Peers.CreateFor(endPoint);
        try
        {
            if (endPoint.AddressFamily == AddressFamily.InterNetworkV6)
                socket.DualMode = dualMode;
            socket.ReceiveBufferSize = socket.SendBufferSize = KernelBuffer;
            socket.Bind(endPoint);
            socket.Listen(512);
            return socket;
        }
        catch (SocketException)
        {
            socket.Dispose();
            return null;
        }
    }

    public bool Hears(EndPoint endPoint) =>
        !IsClosed && (endPoint is IPEndPoint wanted ? _endPoint is IPEndPoint own && own.Port == wanted.Port : endPoint.Equals(_endPoint));

    /// <summary>
    /// Until the peer from there is connected in the simulation too, as a kernel's connect ends only when the connection lies in the backlog.
    /// </summary>
    public Task ArrivedAsync(EndPoint peer)
    {
        if (peer is not IPEndPoint)
            return Task.CompletedTask;
        Task arrived = Arrival(peer).Task;
        // Closed now or later, it lets everybody go.
        return IsClosed ? Task.CompletedTask : arrived;
    }

    public void Close()
    {
        if (Interlocked.Exchange(ref _closed, true))
            return;
        _kernel.Dispose();
        if (_endPoint is UnixDomainSocketEndPoint && _endPoint.ToString() is [not '@', ..] path)
            File.Delete(path);
        foreach ((_, TaskCompletionSource arrival) in _arrived)
            arrival.TrySetResult();
    }

    private async Task RunAsync()
    {
        while (!IsClosed)
        {
            Socket peer;
            try
            {
                peer = await _kernel.AcceptAsync();
            }
            catch (Exception error) when (IsClosed && error is SocketException or ObjectDisposedException)
            {
                return;
            }

            await LetInAsync(peer);
        }
    }

    private async Task LetInAsync(Socket peer)
    {
        EndPoint? from = peer.RemoteEndPoint is IPEndPoint ip ? Unmapped.Of(ip) : null;
        try
        {
            var options = new ConnectOptions { CompletionPort = _gateway.Port, LocalEndPoint = from };
            EndPoint to = from is null ? _endPoint : Unmapped.Of((IPEndPoint)peer.LocalEndPoint!);
            _gateway.Join(peer, await RxConnection.ConnectAsync(to, default, options, _gateway.Ended));
        }
        catch (Exception error) when (error is SocketException or OperationCanceledException)
        {
            // The listener is gone, or the case.
            peer.Reset();
        }

        if (from is not null)
            Arrival(from).TrySetResult();
    }

    private TaskCompletionSource Arrival(EndPoint peer) =>
        _arrived.GetOrAdd(Unmapped.Of((IPEndPoint)peer), static _ => new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));
}
