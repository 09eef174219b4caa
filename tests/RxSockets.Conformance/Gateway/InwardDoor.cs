using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using RxSockets.Testing;

namespace RxSockets.Conformance;

/// <summary>A listener of the kernel at the endpoint of one of the simulation: who comes is connected there, one after the other, from the endpoint that it has.</summary>
internal sealed class InwardDoor : KernelDoor
{
    // What the gateway holds between the two ends must not hide that one of them does not read.
    public const int KernelBuffer = 131072;

    private readonly EndPoint _endPoint;
    private readonly ConcurrentDictionary<EndPoint, TaskCompletionSource> _arrived = new();

    public InwardDoor(SimulatedGateway gateway, Socket kernel, EndPoint endPoint)
        : base(gateway, kernel)
    {
        _endPoint = endPoint;
        Running = gateway.Observed(RunAsync());
    }

    public override Task Running { get; }

    protected override bool HasOwner => Gateway.Host.FindListener(_endPoint) is not null;

    /// <summary>A kernel's listener there, or null where it cannot be.</summary>
    public static Socket? TryOpen(EndPoint endPoint, bool dualMode)
    {
        Socket socket = Peers.CreateFor(endPoint);
        socket.ReceiveBufferSize = socket.SendBufferSize = KernelBuffer;
        return TryBind(socket, endPoint, dualMode, static bound => bound.Listen(512));
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

    protected override void Closed()
    {
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
                peer = await Kernel.AcceptAsync();
            }
            catch (Exception error) when (IsOurs(error))
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
            var options = new ConnectOptions { CompletionPort = Gateway.Port, LocalEndPoint = from };
            EndPoint to = from is null ? _endPoint : Unmapped.Of((IPEndPoint)peer.LocalEndPoint!);
            Gateway.Join(peer, await RxConnection.ConnectAsync(to, default, options, Gateway.Ended));
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
