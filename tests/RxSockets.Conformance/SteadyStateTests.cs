using System.Net.Sockets;
using RxSockets.Engines;
using RxSockets.Testing;

namespace RxSockets.Conformance;

/// <summary>What must hold under load: nothing allocated per operation, nobody starved, the ring doing the work.</summary>
[Collection(nameof(SteadyStateTests))]
[CollectionDefinition(nameof(SteadyStateTests), DisableParallelization = true)]
public class SteadyStateTests
{
    public static TheoryData<EngineKind, CompletionScheduling> All => Engines.OfTheSystem;

    [Theory]
    [MemberData(nameof(All))]
    public async Task Nothing_is_allocated_per_receive_and_send(EngineKind engine, CompletionScheduling scheduling)
    {
        int rounds = Wine.Scaled(10_000, underWine: 1500);
        await using var port = new TestPort(engine, scheduling);
        await using RxListener listener = port.Listen();
        Task serving = TestPort.EchoAsync(listener);
        // The peer blocks on a thread of its own: what it allocates is nothing.
        long allocated = -1;
        var peer = new Thread(() =>
        {
            using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true, ReceiveTimeout = 20_000 };
            socket.Connect(listener.LocalEndPoint);
            byte[] message = new byte[64];
            Exchange(socket, message, rounds / 5);
            long before = GC.GetTotalAllocatedBytes(precise: true);
            Exchange(socket, message, rounds);
            allocated = GC.GetTotalAllocatedBytes(precise: true) - before;
        });
        peer.Start();
        await Task.Run(peer.Join).Within();
        // The thread pool's own growth, and the tests' runner, allocate a little now and then; one object per operation would be 24 bytes a round and more.
        Assert.InRange(allocated, 0, 40_000 + (rounds * (int)Math.Ceiling(AwaitCost.BytesPerAwait())));
        await listener.DisposeAsync();
        await serving.Within();
    }

    [Theory]
    [MemberData(nameof(All))]
    public async Task Three_hundred_peers_that_never_read_do_not_stop_the_next(EngineKind engine, CompletionScheduling scheduling)
    {
        await using var port = new TestPort(engine, scheduling, static options => options.CloseTimeout = TimeSpan.FromSeconds(1));
        await using RxListener listener = port.Listen();
        Task serving = TestPort.EchoAsync(listener);
        long before = GC.GetTotalMemory(forceFullCollection: true);
        int count = Wine.Scaled(300, underWine: 10);
        List<Socket> greedy = [];
        byte[] block = new byte[65536];
        for (int i = 0; i < count; i++)
        {
            Socket peer = await Peers.ConnectAsync(listener.LocalEndPoint);
            peer.Blocking = false;
            greedy.Add(peer);
        }

        // Each sends until nothing more goes: the echo has filled its receive window, the server's send and receive buffers, and ours.
        for (int quiet = 0; quiet < 50;)
        {
            bool moved = false;
            foreach (Socket peer in greedy)
            {
                peer.Send(block, SocketFlags.None, out SocketError error);
                moved |= error == SocketError.Success;
            }

            quiet = moved ? 0 : quiet + 1;
            await Task.Yield();
        }

        using (Socket last = await Peers.ConnectAsync(listener.LocalEndPoint))
        {
            for (int i = 0; i < 100; i++)
            {
                await last.SendAsync("still here"u8.ToArray()).Within();
                Assert.Equal("still here"u8.ToArray(), await last.ReceiveExactlyAsync(10));
            }
        }

        // For each the limit of 64 KiB, plus one burst of 32 buffers (what the kernel gives a multishot in one go) where it was mid-burst.
        long grown = GC.GetTotalMemory(forceFullCollection: true) - before;
        TestContext.Current.TestOutputHelper?.WriteLine($"{grown / count} bytes for each");
        Assert.InRange(grown, long.MinValue, count * (65536L + (32 * 16384)));
        greedy.ForEach(static peer => peer.Reset());
        await listener.DisposeAsync();
        await serving.Within();
    }

    [Theory]
    [MemberData(nameof(All))]
    public async Task Submissions_and_completions_are_counted_per_verb(EngineKind engine, CompletionScheduling scheduling)
    {
        const int Connections = 10;
        await using (var port = new TestPort(engine, scheduling))
        {
            await using RxListener listener = port.Listen();
            Task serving = TestPort.EchoAsync(listener);
            for (int i = 0; i < Connections; i++)
            {
                await using RxConnection client = await port.ConnectAsync(listener.LocalEndPoint).AsTask().Within();
                await client.SendAsync(new byte[100]);
                await client.CompleteWritesAsync();
                Assert.Equal(100, (await client.ReadToEndAsync().Within()).Count);
            }

            await listener.DisposeAsync();
            await serving.Within();
            await port.Port.DisposeAsync().AsTask().Within();
            EngineStatistics statistics = port.Statistics;
            Assert.True(statistics.CompletedCount(Verb.Accept) >= Connections);
            Assert.Equal(Connections, statistics.CompletedCount(Verb.Connect));
            Assert.True(statistics.CompletedCount(Verb.Receive) >= Connections * 2);
            Assert.Equal(2 * Connections, statistics.CompletedCount(Verb.Send) + statistics.DirectSends);
            Assert.Equal(statistics.SubmittedCount(Verb.Send), statistics.CompletedCount(Verb.Send));
        }
    }

    private static void Exchange(Socket socket, byte[] message, int rounds)
    {
        for (int i = 0; i < rounds; i++)
        {
            socket.Send(message);
            for (int at = 0; at < message.Length;)
                at += socket.Receive(message, at, message.Length - at, SocketFlags.None);
        }
    }
}
