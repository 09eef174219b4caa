using System.Net;
using System.Net.Sockets;
using RxSockets.Testing;

namespace RxSockets.Tests.Simulation;

public class SimulatedNetworkTests
{
    private static readonly SimulatedFaults s_everything = new()
    {
        PartialReceive = 0.3, PartialSend = 0.3, LateCompletion = 0.3, CancelRefused = 0.5, MultishotEnd = 0.2, CompletionOverflow = 0.1,
        StaleCompletion = 0.2, Reordering = 0.3,
    };

    private static async Task EchoOneAsync(SimulatedNetwork network, int bytes)
    {
        SimulatedHost server = network.AddHost("server"), client = network.AddHost("client");
        await using CompletionPort serverPort = server.CreatePort(), clientPort = client.CreatePort();
        await using RxListener listener = RxListener.Bind(new IPEndPoint(IPAddress.Any, 7000), new ListenerOptions { CompletionPort = serverPort });
        Task serving = listener.AcceptAllAsync().ForEachConnectionAsync(static async connection =>
        {
            await foreach (ReceivedSegment segment in connection.ReceiveAllAsync())
                await connection.SendAsync(segment.Memory);
        });
        await using (RxConnection connection = await RxConnection.ConnectAsync(
            new IPEndPoint(server.Address, 7000), options: new ConnectOptions { CompletionPort = clientPort }))
        {
            byte[] sent = new byte[bytes];
            new Random(1).NextBytes(sent);
            Task sending = SendAsync(connection, sent);
            var back = new List<byte>();
            await foreach (ReceivedSegment segment in connection.ReceiveAllAsync())
                back.AddRange(segment.Memory.Span);
            await sending;
            Assert.Equal(sent, back);
        }

        await listener.DisposeAsync();
        await serving;

        static async Task SendAsync(RxConnection connection, byte[] bytes)
        {
            await connection.SendAsync(bytes);
            await connection.CompleteWritesAsync();
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task Bytes_go_there_and_back(int seed)
    {
        var network = new SimulatedNetwork(seed);
        await network.RunAsync(() => EchoOneAsync(network, 300_000), TimeSpan.FromMinutes(1));
        Assert.Equal(0, network.StepsOnOtherThreads);
        Assert.All(network.Hosts, static host => Assert.Equal(0, host.OpenDescriptors));
    }

    [Fact]
    public async Task The_same_seed_gives_the_same_trace_and_another_one_another()
    {
        var traces = new List<string>();
        foreach (int seed in (int[])[5, 5, 6])
        {
            var network = new SimulatedNetwork(seed, new SimulatedNetworkOptions { Faults = s_everything });
            await network.RunAsync(() => EchoOneAsync(network, 50_000), TimeSpan.FromMinutes(10));
            Assert.Equal(0, network.StepsOnOtherThreads);
            traces.Add($"{network.Trace.Count} {network.Trace.Hash}\n{network.Trace}");
        }

        Assert.Equal(traces[0], traces[1]);
        Assert.NotEqual(traces[0], traces[2]);
    }

    [Fact]
    public async Task Time_passes_as_the_link_says()
    {
        var network = new SimulatedNetwork(1);
        SimulatedHost near = network.AddHost("near"), far = network.AddHost("far");
        SimulatedLink link = network.LinkBetween(near, far);
        link.Latency = TimeSpan.FromMilliseconds(100);
        link.BytesPerSecond = 1000;
        TimeSpan connected = default, received = default;
        await network.RunAsync(async () =>
        {
            await using CompletionPort nearPort = near.CreatePort(), farPort = far.CreatePort();
            await using RxListener listener = RxListener.Bind(new IPEndPoint(far.Address, 1), new ListenerOptions { CompletionPort = farPort });
            ValueTask<RxConnection> accepting = listener.AcceptAsync();
            await using RxConnection client = await RxConnection.ConnectAsync(listener.LocalEndPoint, options: new ConnectOptions { CompletionPort = nearPort });
            connected = network.Elapsed;
            await using RxConnection server = await accepting;
            await client.SendAsync(new byte[2000]);
            byte[] buffer = new byte[2000];
            for (int at = 0; at < buffer.Length;)
                at += await server.ReceiveAsync(buffer.AsMemory(at));
            received = network.Elapsed;
        });
        Assert.Equal(TimeSpan.FromMilliseconds(200), connected);
        // Two seconds on the wire, a tenth of one on the way.
        Assert.Equal(TimeSpan.FromMilliseconds(2300), received);
    }

    [Fact]
    public async Task A_wait_for_what_never_comes_is_told_at_once()
    {
        var network = new SimulatedNetwork(1);
        await Assert.ThrowsAsync<SimulationStuckException>(() => network.RunAsync(static () => new TaskCompletionSource().Task));
        await Assert.ThrowsAsync<SimulationStuckException>(
            () => network.RunAsync(() => Task.Delay(TimeSpan.FromHours(2), network.TimeProvider), TimeSpan.FromHours(1)));
    }

    [Fact]
    public async Task A_refused_connect_and_a_reset_are_what_they_are_elsewhere()
    {
        var network = new SimulatedNetwork(3);
        SimulatedHost host = network.AddHost("host");
        await network.RunAsync(async () =>
        {
            await using CompletionPort port = host.CreatePort();
            var options = new ConnectOptions { CompletionPort = port };
            var refused = await Assert.ThrowsAsync<SocketException>(async () => await RxConnection.ConnectAsync(new IPEndPoint(host.Address, 9), options: options));
            Assert.Equal(SocketError.ConnectionRefused, refused.SocketErrorCode);
            await using RxListener listener = RxListener.Bind(new IPEndPoint(IPAddress.Loopback, 0), new ListenerOptions { CompletionPort = port });
            ValueTask<RxConnection> accepting = listener.AcceptAsync();
            await using RxConnection client = await RxConnection.ConnectAsync(listener.LocalEndPoint, options: options);
            await using RxConnection server = await accepting;
            client.Abort();
            var reset = await Assert.ThrowsAsync<SocketException>(async () => await server.ReceiveAsync(new byte[1]));
            Assert.Equal(SocketError.ConnectionReset, reset.SocketErrorCode);
            Assert.Equal(ConnectionCloseReason.PeerReset, (await server.Closed).Reason);
        });
        Assert.Equal(0, host.OpenDescriptors);
    }

    [Fact]
    public async Task What_flees_to_the_thread_pool_comes_back_and_is_counted()
    {
        var network = new SimulatedNetwork(1);
        int sum = 0;
        await network.RunAsync(async () =>
        {
            for (int i = 0; i < 200; i++)
                sum += await Task.Run(() => i);
        });
        Assert.Equal(199 * 100, sum);
        Assert.NotEqual(0, network.StepsOnOtherThreads);
    }
}
