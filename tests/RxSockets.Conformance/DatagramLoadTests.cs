using System.Buffers.Binary;
using System.Net.Sockets;
using RxSockets.Testing;

namespace RxSockets.Conformance;

/// <summary>What must hold for many datagrams: none lost, none merged, nothing allocated for any of them.</summary>
[Collection(nameof(SteadyStateTests))]
public class DatagramLoadTests
{
    private static readonly int s_warming = Wine.Scaled(20_000, underWine: 2_000);

    public static TheoryData<EngineKind, CompletionScheduling> All => Engines.All;

    [Theory]
    [MemberData(nameof(All))]
    [TestDeadline(120)]
    public async Task Two_hundred_thousand_in_bursts_none_lost_none_merged_none_allocated_for(EngineKind engine, CompletionScheduling scheduling)
    {
        const int Burst = 100, Longest = 300;
        int count = engine == EngineKind.Simulated ? 20_000 : Wine.Scaled(200_000, underWine: 10_000);
        await using var port = new TestPort(engine, scheduling);
        await using RxDatagramSocket from = port.Datagrams();
        await using RxDatagramSocket to = port.Datagrams(static options => options.MaxDatagramSize = 1000);
        await from.ConnectAsync(to.LocalEndPoint);
        await to.ConnectAsync(from.LocalEndPoint);
        // A kernel's buffer of 212,992 bytes takes 100 small datagrams (some 770 bytes of books for each) without losing one.
        byte[] block = new byte[Longest];
        IAsyncEnumerator<ReceivedDatagram> reader = to.ReceiveAllAsync().GetAsyncEnumerator();
        int wrong = 0;
        long allocated = 0;
        for (int first = -s_warming; first < count; first += Burst)
        {
            if (first == 0)
                allocated = GC.GetTotalAllocatedBytes(precise: true);
            for (int i = first; i < first + Burst; i++)
            {
                BinaryPrimitives.WriteInt32LittleEndian(block, i);
                await from.SendAsync(block.AsMemory(0, LengthOf(i)));
            }

            for (int i = first; i < first + Burst; i++)
            {
                Assert.True(await reader.MoveNextAsync());
                ReadOnlySpan<byte> datagram = reader.Current.Memory.Span;
                if (datagram.Length != LengthOf(i) || BinaryPrimitives.ReadInt32LittleEndian(datagram) != i)
                    wrong++;
            }
        }

        allocated = GC.GetTotalAllocatedBytes(precise: true) - allocated;
        await reader.DisposeAsync();
        Assert.Equal(0, wrong);
        Assert.Equal(((long)count + s_warming, (long)count + s_warming), (from.DatagramsSent, to.DatagramsReceived));
        // The thread pool and the runner allocate a little now and then; one small object per datagram would be 4,800,000 bytes. A simulated network is made of objects.
        if (engine != EngineKind.Simulated)
            Assert.InRange(allocated, 0, count * (1 + (int)Math.Ceiling(AwaitCost.BytesPerAwait())));

        static int LengthOf(int i) => 4 + ((i & int.MaxValue) % (Longest - 4));
    }

    [Theory]
    [MemberData(nameof(All))]
    public async Task Nothing_is_allocated_per_datagram_of_many_senders(EngineKind engine, CompletionScheduling scheduling)
    {
        const int Peers = 5;
        Assert.SkipWhen(engine == EngineKind.Simulated, "Simulated: its network is made of objects.");
        int rounds = Wine.Scaled(2_000, underWine: 300);
        await using var port = new TestPort(engine, scheduling);
        await using RxDatagramSocket socket = port.Datagrams();
        Task echoing = EchoAsync(socket);
        long allocated = -1;
        // The peers block on a thread of their own: what they allocate is nothing.
        var thread = new Thread(() =>
        {
            Socket[] peers = [.. Enumerable.Range(0, Peers).Select(_ =>
            {
                Socket peer = Conformance.Peers.Datagrams();
                peer.ReceiveTimeout = 20_000;
                peer.Connect(socket.LocalEndPoint);
                return peer;
            })];
            byte[] message = new byte[64];
            Exchange(peers, message, rounds);
            long before = GC.GetTotalAllocatedBytes(precise: true);
            Exchange(peers, message, rounds);
            allocated = GC.GetTotalAllocatedBytes(precise: true) - before;
            foreach (Socket peer in peers)
                peer.Dispose();
        });
        thread.Start();
        await Task.Run(thread.Join).Within();
        Assert.InRange(allocated, 0, rounds * Peers * (4 + (int)Math.Ceiling(AwaitCost.BytesPerAwait())));
        await socket.DisposeAsync();
        await Assert.ThrowsAsync<SocketException>(() => echoing.Within());
    }

    [Theory]
    [MemberData(nameof(All))]
    public async Task Sends_that_queue_up_leave_in_order(EngineKind engine, CompletionScheduling scheduling)
    {
        const int Count = 2_000;
        await using var port = new TestPort(engine, scheduling);
        await using RxDatagramSocket from = port.Datagrams(static options => options.SendBufferSize = 8192);
        using Socket peer = Peers.Datagrams();
        peer.ReceiveBufferSize = 8 << 20;
        await from.ConnectAsync(peer.LocalEndPoint!);
        Task<List<int>> receiving = Task.Run(() =>
        {
            byte[] bytes = new byte[2000];
            var got = new List<int>();
            peer.ReceiveTimeout = 20_000;
            while (got.Count < Count)
            {
                Assert.Equal(1000, peer.Receive(bytes));
                got.Add(BitConverter.ToInt32(bytes));
            }

            return got;
        });
        // Forty at a time: what queues up while one is in flight leaves together, and the small send buffer makes some of it wait.
        var window = new Queue<Task>();
        for (int i = 0; i < Count; i++)
        {
            byte[] block = new byte[1000];
            BinaryPrimitives.WriteInt32LittleEndian(block, i);
            window.Enqueue(from.SendAsync(block).AsTask());
            if (window.Count == 40)
                await window.Dequeue().Within();
        }

        await Task.WhenAll(window).Within();
        Assert.Equal(Enumerable.Range(0, Count), await receiving.Within());
    }

    private static async Task EchoAsync(RxDatagramSocket socket)
    {
        await foreach (ReceivedDatagram datagram in socket.ReceiveAllAsync())
            await socket.SendToAsync(datagram.Memory, datagram.RemoteEndPoint);
    }

    private static void Exchange(Socket[] peers, byte[] message, int rounds)
    {
        for (int i = 0; i < rounds; i++)
        {
            foreach (Socket peer in peers)
                peer.Send(message);
            foreach (Socket peer in peers)
            {
                if (peer.Receive(message) != message.Length)
                    throw new InvalidOperationException("not what was sent");
            }
        }
    }
}
