using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using RxSockets.Testing;

namespace RxSockets.Conformance;

/// <summary>
/// A simulated network of one host that runs by itself, and the way between it and the kernel's loopback: a plain socket that connects to an endpoint of the simulation comes
/// out there, and so does the reverse, with the endpoints that either side sees, FIN behind the bytes, resets, and a few small buffers between, so that who does not read stops
/// who sends. So the cases that have plain sockets as peers run on the simulated engine as they are. Any thread.
/// </summary>
internal sealed class SimulatedGateway : IAsyncDisposable
{
    private static readonly AsyncLocal<SimulatedGateway?> s_current = new();
    private static readonly ConcurrentDictionary<SimulatedGateway, bool> s_all = new();
    private static readonly TimeSpan s_watch = TimeSpan.FromMilliseconds(10);
    private static int s_lastSeed;

    private readonly SimulatedNetwork _network = new(Interlocked.Increment(ref s_lastSeed));
    private readonly ConcurrentDictionary<KernelDoor, bool> _doors = new();
    private readonly ConcurrentDictionary<OutwardDoor, bool> _outward = new();
    private readonly ConcurrentDictionary<GatewayLink, Task> _links = new();
    private readonly Dictionary<IPEndPoint, Task<DatagramStandIn>> _standIns = [];
    private readonly Dictionary<IPEndPoint, Task> _leaving = [];
    private readonly ConcurrentQueue<object> _failures = new();
    private readonly CancellationTokenSource _ended = new();
    private readonly Task _watching;

    public SimulatedGateway()
    {
        // A reset that nobody is receiving for is found by looking; only Linux shows it.
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Simulated: the gateway to plain sockets needs Linux's TCP_INFO.");
        _network.Loop.GoLive();
        Host = _network.AddHost("host");
        Port = Host.CreatePort(new CompletionPortOptions { Scheduling = CompletionScheduling.ThreadPool });
        Port.UnhandledException += (_, failure) => _failures.Enqueue(failure.ExceptionObject);
        s_all[this] = true;
        s_current.Value = this;
        _watching = WatchAsync();
    }

    /// <summary>Of the case that runs here, while it runs on the simulated engine.</summary>
    public static SimulatedGateway? Current => s_current.Value;

    public SimulatedHost Host { get; }

    /// <summary>The gateway's own, on the host of the port under test.</summary>
    public CompletionPort Port { get; }

    public CancellationToken Ended => _ended.Token;

    /// <summary>No gateway belongs to the case that runs here.</summary>
    public static void Leave() => s_current.Value = null;

    /// <summary>The way into a simulation that a plain socket takes when it connects there; null where it stays among its own.</summary>
    public static InwardDoor? FindDoor(EndPoint endPoint)
    {
        foreach ((SimulatedGateway gateway, _) in s_all)
        {
            gateway.CloseDeadDoors();
            if (gateway._doors.Keys.OfType<InwardDoor>().FirstOrDefault(door => door.Hears(endPoint)) is { } door)
                return door;
        }

        return null;
    }

    public CompletionPort CreatePort(CompletionPortOptions options) => Host.CreatePort(options);

    /// <summary>Binds a listener of the simulation, and opens the kernel's at the same endpoint.</summary>
    public RxListener Listen(EndPoint endPoint, ListenerOptions options) => Open(
        endPoint,
        at => InwardDoor.TryOpen(at, options.DualMode),
        at => RxListener.Bind(at, options),
        static listener => listener.LocalEndPoint,
        (kernel, listener) => new InwardDoor(this, kernel, listener.LocalEndPoint));

    /// <summary>Has the simulation reach the plain listener there, until that is disposed of.</summary>
    public void ExposeListener(PlainSocket listener)
    {
        var door = new OutwardDoor(this, listener.LocalEndPoint!);
        _outward[door] = true;
        listener.Disposing += door.Close;
    }

    /// <summary>Binds a datagram socket of the simulation, and opens the kernel's at the same endpoint.</summary>
    public RxDatagramSocket Bind(IPEndPoint endPoint, DatagramOptions options) => Open(
        endPoint,
        at => DatagramDoor.TryOpen(at, options.DualMode),
        at => RxDatagramSocket.Bind(at, options),
        static socket => socket.LocalEndPoint,
        (kernel, _) => new DatagramDoor(this, kernel));

    /// <summary>Has the simulation reach the plain datagram socket, until that is disposed of.</summary>
    public void ExposeDatagrams(PlainSocket socket)
    {
        var endPoint = (IPEndPoint)socket.LocalEndPoint!;
        _ = Observed(StandInAsync(endPoint));
        socket.Disposing += () => Leave(endPoint);
    }

    /// <summary>The one of the simulation's socket with that port.</summary>
    public DatagramDoor? FindDatagramDoor(int port) => _doors.Keys.OfType<DatagramDoor>().FirstOrDefault(door => door.IsAt(port));

    /// <summary>Who stands in for the plain datagram socket there: since it was shown, or since a datagram of it came.</summary>
    public Task<DatagramStandIn> StandInAsync(IPEndPoint peer)
    {
        lock (_standIns)
        {
            if (!_standIns.TryGetValue(peer, out Task<DatagramStandIn>? standIn))
                _standIns[peer] = standIn = MakeStandInAsync(_leaving.GetValueOrDefault(peer, Task.CompletedTask), peer);
            return standIn;
        }
    }

    /// <summary>Joins the two for as long as they last.</summary>
    public void Join(Socket kernel, RxConnection simulated)
    {
        var link = new GatewayLink(kernel, simulated);
        _links[link] = Task.CompletedTask;
        _links[link] = Observed(RunAsync(link));
    }

    /// <summary>Tells of it if it fails, and goes on.</summary>
    public async Task Observed(Task task)
    {
        try
        {
            await task;
        }
        catch (Exception error)
        {
            _failures.Enqueue(error);
        }
    }

    public async ValueTask DisposeAsync()
    {
        s_all.TryRemove(this, out _);
        await _ended.CancelAsync();
        foreach ((KernelDoor door, _) in _doors)
            door.Close();
        foreach ((OutwardDoor door, _) in _outward)
            door.Close();
        // Before the stand-ins: a door makes one for whoever sends.
        await Task.WhenAll([_watching, .. _doors.Keys.Select(static door => door.Running), .. _outward.Keys.Select(static door => door.Running)]).Within();
        IPEndPoint[] standing;
        lock (_standIns)
            standing = [.. _standIns.Keys];
        foreach (IPEndPoint peer in standing)
            Leave(peer);
        Task[] leaving;
        lock (_standIns)
            leaving = [.. _leaving.Values];
        await Task.WhenAll(leaving).Within();
        foreach ((GatewayLink link, _) in _links)
            link.Break();
        await Task.WhenAll(_links.Values).Within();
        await Port.DisposeAsync().Within();
        Assert.Equal(0, Port.Core.MemberCount);
        Assert.Empty(_failures);
        _ended.Dispose();
    }

    // The kernel chooses a port that is left to choose, so that both have it.
    private T Open<T>(EndPoint endPoint, Func<EndPoint, Socket?> tryOpen, Func<EndPoint, T> bind, Func<T, EndPoint> local, Func<Socket, T, KernelDoor> makeDoor)
    {
        CloseDeadDoors();
        Socket? kernel = endPoint is IPEndPoint { Port: 0 } ? tryOpen(endPoint) : null;
        try
        {
            T simulated = bind(kernel?.LocalEndPoint ?? endPoint);
            kernel ??= tryOpen(local(simulated)) ?? throw new InvalidOperationException($"The kernel has no {endPoint}.");
            _doors[makeDoor(kernel, simulated)] = true;
            return simulated;
        }
        catch
        {
            kernel?.Dispose();
            throw;
        }
    }

    private async Task RunAsync(GatewayLink link)
    {
        await link.RunAsync();
        _links.TryRemove(link, out _);
    }

    // A port may be bound again when the one before is closed.
    private async Task<DatagramStandIn> MakeStandInAsync(Task former, IPEndPoint peer)
    {
        await former;
        return new DatagramStandIn(this, peer);
    }

    private void Leave(IPEndPoint peer)
    {
        lock (_standIns)
        {
            if (_standIns.Remove(peer, out Task<DatagramStandIn>? standIn))
                _leaving[peer] = Observed(CloseAsync(standIn));
        }

        static async Task CloseAsync(Task<DatagramStandIn> standIn) => await (await standIn).CloseAsync();
    }

    private void CloseDeadDoors()
    {
        foreach ((KernelDoor door, _) in _doors)
        {
            if (!door.IsAlive)
                door.Close();
        }
    }

    private async Task WatchAsync()
    {
        using var timer = new PeriodicTimer(s_watch, TimeProvider.System);
        while (!_ended.IsCancellationRequested)
        {
            await timer.WaitForNextTickAsync();
            foreach ((GatewayLink link, _) in _links)
                link.Look();
        }
    }
}
