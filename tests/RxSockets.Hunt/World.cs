using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Net;
using RxSockets.Engines;
using RxSockets.Testing;

namespace RxSockets.Hunt;

/// <summary>
/// One seed's world: a server, clients that talk to it, and what goes wrong. It has run well when everything that was asked for has ended once, every stream was whole
/// or ended with an error, and nothing is left.
/// </summary>
internal sealed class World
{
    /// <summary>Much longer than anything here may take.</summary>
    public static readonly TimeSpan Limit = TimeSpan.FromHours(1);

    private readonly List<Exception> _unhandled = [];
    private readonly List<Task<ConnectionClosure>> _closures = [];
    private readonly SimulatedHost _server;
    private readonly SimulatedHost _client;

    public World(int seed, PlantedBug bug = PlantedBug.None, int traceEntries = 0)
    {
        Random = new SimulationRandom((uint)seed ^ 0x68756E74);
        Swarm = new Swarm(Random);
        Swarm.Network.MaxTraceEntries = traceEntries;
        Network = new SimulatedNetwork(seed, Swarm.Network) { Bug = bug };
        _server = Network.AddHost("server");
        _client = Network.AddHost("client");
        SimulatedLink link = Network.LinkBetween(_server, _client);
        link.Latency = Swarm.Latency;
        link.Jitter = Swarm.Jitter;
        link.BytesPerSecond = Swarm.BytesPerSecond;
        link.DatagramLoss = Swarm.DatagramLoss;
    }

    public SimulatedNetwork Network { get; }

    public SimulationRandom Random { get; }

    public Swarm Swarm { get; }

    /// <summary>What frames are sent from that do not come from memory.</summary>
    public HuntFile File { get; } = new();

    /// <summary>Where clients get connections and bring them back; null in half of the worlds.</summary>
    public SocketPool? Pool { get; private set; }

    public List<DatagramPeer> DatagramPeers { get; } = [];

    public ConcurrentDictionary<int, Conversation> Conversations { get; } = new();

    public CompletionPort ClientPort { get; private set; } = null!;

    public EndPoint ServerEndPoint { get; private set; } = null!;

    public static World Run(int seed, PlantedBug bug = PlantedBug.None, int traceEntries = 0)
    {
        var world = new World(seed, bug, traceEntries);
        world.Run();
        return world;
    }

    public void Run()
    {
        using (File)
            Network.Run(LiveAsync, Limit);
        Judge();
    }

    public Task PauseAsync() =>
        Task.Delay(TimeSpan.FromMilliseconds(Random.Below(5) == 0 ? Random.Below(3000) : Random.Below(30)), Network.TimeProvider);

    /// <summary>One time in so many something that cancels, within so many milliseconds.</summary>
    public CancellationTokenSource? MayCancel(int oneIn, int milliseconds) =>
        Random.Below(oneIn) == 0 ? new CancellationTokenSource(TimeSpan.FromMilliseconds(Random.Below(milliseconds)), Network.TimeProvider) : null;

    public Conversation NewConversation()
    {
        var conversation = new Conversation(Conversations.Count + 1);
        Conversations[conversation.Id] = conversation;
        return conversation;
    }

    /// <summary>The conversation that a stream's first bytes name.</summary>
    public Conversation Find(ReadOnlyMemory<byte> first)
    {
        int id = BinaryPrimitives.ReadInt32BigEndian(first.Span[2..]);
        Check.That(Conversations.ContainsKey(id), $"a stream that nobody began: {id}");
        return Conversations[id];
    }

    /// <summary>How a connection ends is heard in any case.</summary>
    public void Watch(RxConnection connection) => _closures.Add(connection.Closed);

    /// <summary>What is left, for whoever looks into a failed seed.</summary>
    public IEnumerable<string> Describe()
    {
        foreach (StreamBook book in Conversations.Values.SelectMany(static conversation => new[] { conversation.ToServer, conversation.ToClient }))
        {
            if (book.Pending.Any())
                yield return $"{book}: sends under way: {string.Join(' ', book.Pending)}";
        }

        foreach (Pipe pipe in Network.Pipes)
            yield return $"a connection {pipe}; {pipe.Reverse}";
        foreach (SimulatedEngine engine in Network.Hosts.SelectMany(static host => host.Engines))
        {
            yield return $"{engine.Host}: requests under way: {string.Join(", ", engine.Requests.Verbs)}; {engine.Buffers.Rented} buffers out of " +
                $"{engine.Options.MaxReceiveBufferBytes / engine.Options.ReceiveBufferSize}; {engine.Host.OpenDescriptors} descriptors; limit {engine.Options.ReceiveLimit}";
        }
    }

    private async Task LiveAsync()
    {
        CompletionPort serverPort = _server.CreatePort(Swarm.Port(Random));
        ClientPort = _client.CreatePort(Swarm.Port(Random));
        serverPort.UnhandledException += (_, failure) => _unhandled.Add((Exception)failure.ExceptionObject);
        ClientPort.UnhandledException += (_, failure) => _unhandled.Add((Exception)failure.ExceptionObject);
        RxListener listener = RxListener.Bind(
            new IPEndPoint(IPAddress.Any, 7000),
            new ListenerOptions
            {
                CompletionPort = serverPort,
                Backlog = 1 + Random.Below(8),
                PendingAccepts = 1 + Random.Below(4),
                FirstDataBytes = Swarm.FirstDataBytes,
            });
        ServerEndPoint = new IPEndPoint(_server.Address, 7000);
        var server = new Server(this, listener);
        Task serving = server.RunAsync();
        if (Swarm.Pools)
            Pool = new SocketPool(new SocketPoolOptions { MaxIdle = 1 + Random.Below(4), Connect = new ConnectOptions { CompletionPort = ClientPort } });
        using var over = new CancellationTokenSource();
        Task troubles = TroubleAsync(over.Token);
        Task datagrams = Swarm.Datagrams ? DatagramPeer.RunAsync(this, serverPort, _server.Address, _client.Address) : Task.CompletedTask;
        await Task.WhenAll(Enumerable.Range(0, Swarm.Clients).Select(_ => new Client(this).RunAsync()));
        await datagrams;
        // Else its handles go with the port.
        if (Pool is not null && Random.Below(2) == 0)
            await Pool.DisposeAsync();
        // Not CancelAsync: that would go to the thread pool.
        over.Cancel();
        await troubles;
        if (Random.Below(2) == 0)
            await listener.DisposeAsync();
        // Whoever is still served is ended by the port.
        Task disposing = serverPort.DisposeAsync().AsTask();
        await ClientPort.DisposeAsync();
        await disposing;
        await serving;
        await Task.WhenAll(_closures);
    }

    private async Task TroubleAsync(CancellationToken over)
    {
        SimulatedLink link = Network.LinkBetween(_server, _client);
        try
        {
            for (int i = 0; i < Swarm.Partitions + Swarm.Resets; i++)
            {
                await Task.Delay(TimeSpan.FromMilliseconds(Random.Below(500)), Network.TimeProvider, over);
                if (i >= Swarm.Partitions)
                {
                    link.ResetConnections();
                    continue;
                }

                link.Partition();
                await Task.Delay(TimeSpan.FromMilliseconds(Random.Below(40_000)), Network.TimeProvider, over);
                link.Heal();
            }
        }
        catch (OperationCanceledException)
        {
            link.Heal();
        }
    }

    private void Judge()
    {
        Check.That(_unhandled.Count == 0, $"unhandled: {_unhandled.FirstOrDefault()}");
        foreach (Conversation conversation in Conversations.Values)
        {
            conversation.ToServer.Judge();
            conversation.ToClient.Judge();
        }

        foreach (DatagramPeer peer in DatagramPeers)
            peer.Judge();

        Check.That(Network.Pipes.Count == 0, $"{Network.Pipes.Count} connections were never closed");
        foreach (SimulatedHost host in Network.Hosts)
        {
            Check.That(host.OpenDescriptors == 0, $"{host}: {host.OpenDescriptors} descriptors are left");
            foreach (SimulatedEngine engine in host.Engines)
                Judge(engine);
        }
    }

    private static void Judge(SimulatedEngine engine)
    {
        Check.That(engine.IsShutDown, $"{engine.Host}: the engine was not shut down");
        Check.That(engine.Requests.Count == 0, $"{engine.Host}: {engine.Requests.Count} requests are left");
        Check.That(engine.Buffers.Rented == 0, $"{engine.Host}: {engine.Buffers.Rented} buffers are left");
        Check.That(engine.RentedDatagramBuffers == 0, $"{engine.Host}: {engine.RentedDatagramBuffers} buffers of datagrams are left");
        Check.That(engine.Buffers.BytesMade <= engine.Options.MaxReceiveBufferBytes, $"{engine.Host}: {engine.Buffers.BytesMade} bytes of buffers were made");
        foreach (Verb verb in (ReadOnlySpan<Verb>)[Verb.Accept, Verb.Connect, Verb.Receive, Verb.Send, Verb.Transmit])
        {
            long submitted = engine.Statistics.SubmittedCount(verb), completed = engine.Statistics.CompletedCount(verb);
            Check.That(submitted == completed, $"{engine.Host}: {submitted} times {verb} was submitted and {completed} times completed");
        }
    }
}
