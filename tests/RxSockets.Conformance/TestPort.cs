using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using RxSockets.Engines;

namespace RxSockets.Conformance;

/// <summary>The engines and schedulings every case runs on.</summary>
public static class Engines
{
    /// <summary>Those with a kernel below, for cases about the kernel or a process: its descriptors, its memory, a server in a process of its own.</summary>
    public static TheoryData<EngineKind, CompletionScheduling> OfTheSystem => new()
    {
        { EngineKind.IoUring, CompletionScheduling.Inline },
        { EngineKind.IoUring, CompletionScheduling.ThreadPool },
        { EngineKind.Iocp, CompletionScheduling.Inline },
        { EngineKind.Iocp, CompletionScheduling.ThreadPool },
        { EngineKind.Managed, CompletionScheduling.Inline },
        { EngineKind.Managed, CompletionScheduling.ThreadPool },
    };

    public static TheoryData<EngineKind, CompletionScheduling> All
    {
        get
        {
            TheoryData<EngineKind, CompletionScheduling> all = OfTheSystem;
            all.Add(Simulated(CompletionScheduling.Inline));
            all.Add(Simulated(CompletionScheduling.ThreadPool));
            return all;
        }
    }

    // With a trait, so that they can be run alone: --filter-trait engine=simulated.
    private static TheoryDataRow<EngineKind, CompletionScheduling> Simulated(CompletionScheduling scheduling)
    {
        var row = new TheoryDataRow<EngineKind, CompletionScheduling>(EngineKind.Simulated, scheduling);
        row.Traits["engine"] = ["simulated"];
        return row;
    }
}

/// <summary>
/// A completion port for one case, with the checks that hold after every case: everything closed, no completion of a former life, nothing unhandled.
/// Skips the case, with the reason, where the engine is absent.
/// </summary>
internal sealed class TestPort : IAsyncDisposable
{
    private readonly ConcurrentQueue<object> _unhandled = new();
    public TestPort(EngineKind engine, CompletionScheduling scheduling, Action<CompletionPortOptions>? configure = null)
    {
        var options = new CompletionPortOptions { Engine = engine, Scheduling = scheduling };
        // Under Wine an orderly end of a thousand managed connections takes longer than the five seconds that are the default.
        if (RxSockets.Testing.Wine.IsHere)
            options.CloseTimeout = TimeSpan.FromSeconds(15);
        configure?.Invoke(options);
        if (engine == EngineKind.Simulated)
        {
            Gateway = new SimulatedGateway();
            Port = Gateway.CreatePort(options);
        }
        else
        {
            SimulatedGateway.Leave();
            if (EngineSelector.WhyNot(engine) is { } reason)
                Assert.Skip($"{engine} cannot run here: {reason}");
            Port = CompletionPort.Create(options);
        }

        Port.UnhandledException += (_, failure) => _unhandled.Enqueue(failure.ExceptionObject);
    }

    public CompletionPort Port { get; }

    /// <summary>On the simulated engine: its way to plain sockets.</summary>
    public SimulatedGateway? Gateway { get; }

    public EngineStatistics Statistics => Port.Core.Engine.Statistics;

    /// <summary>Exceptions the case provokes; taken from what the end of the case checks.</summary>
    public object[] TakeUnhandled()
    {
        object[] taken = [.. _unhandled];
        _unhandled.Clear();
        return taken;
    }

    public RxListener Listen(Action<ListenerOptions>? configure = null, EndPoint? endPoint = null)
    {
        var options = new ListenerOptions { CompletionPort = Port };
        configure?.Invoke(options);
        endPoint ??= new IPEndPoint(IPAddress.Loopback, 0);
        return Gateway is null ? RxListener.Bind(endPoint, options) : Gateway.Listen(endPoint, options);
    }

    public ValueTask<RxConnection> ConnectAsync(EndPoint endPoint, ReadOnlyMemory<byte> firstData = default, CancellationToken token = default) =>
        RxConnection.ConnectAsync(endPoint, firstData, new ConnectOptions { CompletionPort = Port }, token);

    /// <summary>A connection of ours and the plain socket at its other end.</summary>
    public async Task<(RxConnection Connection, Socket Peer)> AcceptPeerAsync()
    {
        await using RxListener listener = Listen();
        ValueTask<RxConnection> accepting = listener.AcceptAsync();
        Socket peer = await Peers.ConnectAsync(listener.LocalEndPoint);
        return (await accepting.AsTask().Within(), peer);
    }

    /// <summary>An echo server that runs until its listener is disposed.</summary>
    public static Task EchoAsync(RxListener listener, Action<ReceivedSegment>? look = null) => listener.AcceptAllAsync().ForEachConnectionAsync(
        async connection =>
        {
            await foreach (ReceivedSegment segment in connection.ReceiveAllAsync())
            {
                look?.Invoke(segment);
                await connection.SendAsync(segment.Memory);
            }
        },
        static (_, _) => { });

    public async ValueTask DisposeAsync()
    {
        try
        {
            await Port.DisposeAsync().AsTask().Within();
            Assert.Equal(0, Port.Core.MemberCount);
            Assert.Equal(0, Statistics.StaleCompletions);
            Assert.Empty(_unhandled);
        }
        finally
        {
            if (Gateway is not null)
                await Gateway.DisposeAsync();
        }
    }
}

/// <summary>Plain System.Net.Sockets peers, also of the simulated engine: by <see cref="SimulatedGateway"/>.</summary>
internal static class Peers
{
    public static async Task<Socket> ConnectAsync(EndPoint endPoint)
    {
        InwardDoor? door = SimulatedGateway.FindDoor(endPoint);
        Socket socket = CreateFor(endPoint);
        await socket.ConnectAsync(endPoint).Within();
        if (door is not null)
            await door.ArrivedAsync(socket.LocalEndPoint!).Within();
        return socket;
    }

    /// <summary>An unbound stream socket for the endpoint's family.</summary>
    public static Socket CreateFor(EndPoint endPoint) => endPoint is UnixDomainSocketEndPoint
        ? new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified)
        : new Socket(endPoint.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };

    /// <summary>A listener; where the case runs on the simulated engine, its network reaches it.</summary>
    public static Socket Listen(EndPoint? endPoint = null)
    {
        var socket = new PlainSocket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        if (endPoint is not null)
            socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.ReuseAddress, true);
        socket.Bind(endPoint ?? new IPEndPoint(IPAddress.Loopback, 0));
        socket.Listen(64);
        SimulatedGateway.Current?.ExposeListener(socket);
        return socket;
    }

    /// <summary>
    /// Whoever connects here is refused. On an address of its own: a port that was left on the common one may be the next listener's of a case that runs at the same time,
    /// and that one would then serve the wrong client.
    /// </summary>
    public static EndPoint NobodyListens()
    {
        using var left = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        left.Bind(new IPEndPoint(IPAddress.Parse("127.0.0.9"), 0));
        return left.LocalEndPoint!;
    }

    public static async Task<byte[]> ReceiveExactlyAsync(this Socket socket, int count)
    {
        byte[] bytes = new byte[count];
        for (int at = 0; at < count;)
        {
            int received = await socket.ReceiveAsync(bytes.AsMemory(at)).AsTask().Within();
            Assert.NotEqual(0, received);
            at += received;
        }

        return bytes;
    }

    /// <summary>Linger 0: the other end sees a reset.</summary>
    public static void Reset(this Socket socket)
    {
        socket.LingerState = new LingerOption(enable: true, seconds: 0);
        socket.Dispose();
    }
}

/// <summary>Every wait of a test has a deadline.</summary>
internal static class Deadline
{
    private static readonly TimeSpan s_limit = TimeSpan.FromSeconds(RxSockets.Testing.Wine.Scaled(20, underWine: 60));

    public static Task Within(this Task task) => task.WaitAsync(s_limit);

    public static Task<T> Within<T>(this Task<T> task) => task.WaitAsync(s_limit);

    public static Task Within(this ValueTask task) => task.AsTask().WaitAsync(s_limit);

    public static Task<T> Within<T>(this ValueTask<T> task) => task.AsTask().WaitAsync(s_limit);

    /// <summary>For what has no event of its own. Waits without a thread: the cases share a small pool.</summary>
    public static async Task EventuallyAsync(Func<bool> condition)
    {
        for (long started = TimeProvider.System.GetTimestamp(); !condition(); await Task.Delay(TimeSpan.FromMilliseconds(5), TimeProvider.System))
            Assert.True(TimeProvider.System.GetElapsedTime(started) < s_limit, "It did not come to pass.");
    }

    public static async Task<List<byte>> ReadToEndAsync(this RxConnection connection)
    {
        var all = new List<byte>();
        await foreach (ReceivedSegment segment in connection.ReceiveAllAsync())
            all.AddRange(segment.Memory.Span);
        return all;
    }
}
