using System.Collections.Concurrent;
using System.Net.Sockets;
using System.Reactive.Linq;
using System.Reactive.Threading.Tasks;
using System.Text;
using System.Threading.Channels;

namespace RxSockets.Conformance;

/// <summary>The operators on streams of connections, over real sockets and real time; their exact ticks are tested without.</summary>
public class ConnectionOperatorTests
{
    public static TheoryData<EngineKind, CompletionScheduling> All => Engines.All;

    [Theory]
    [MemberData(nameof(All))]
    public async Task Silent_ones_are_dropped_and_speaking_or_unread_ones_are_not(EngineKind engine, CompletionScheduling scheduling)
    {
        var limit = TimeSpan.FromSeconds(1);
        var counters = new ConnectionCounters();
        await using var port = new TestPort(engine, scheduling);
        await using RxListener listener = port.Listen();
        using Socket silent = await Peers.ConnectAsync(listener.LocalEndPoint);
        using Socket unread = await Peers.ConnectAsync(listener.LocalEndPoint);
        using Socket read = await Peers.ConnectAsync(listener.LocalEndPoint);
        long connected = TimeProvider.System.GetTimestamp();
        // Under Wine a reset is only seen by a receive that is pending when it comes.
        Task<int> silence = silent.ReceiveAsync(new byte[1]);
        await unread.SendAsync(new byte[1]).Within();
        await read.SendAsync(new byte[1]).Within();
        IList<RxConnection> accepted = await listener.Accepted.DropSilent(limit, counters: counters).Take(3).ToList().ToTask().Within();
        RxConnection of(Socket peer) => accepted.Single(connection => Equals(connection.RemoteEndPoint, peer.LocalEndPoint));
        // The third is read and the second is not: its byte waits in the kernel.
        Assert.Equal(1, await of(read).ReceiveAsync(new byte[1]).Within());

        ConnectionClosure closure = await of(silent).Closed.Within();
        Assert.InRange(TimeProvider.System.GetElapsedTime(connected), limit - TimeSpan.FromMilliseconds(5), limit + TimeSpan.FromSeconds(1));
        Assert.Equal((ConnectionCloseReason.Dropped, false), (closure.Reason, closure.ByPeer));
        Assert.Contains("DropSilent", closure.Description);
        Assert.Equal(SocketError.ConnectionReset, (await Assert.ThrowsAsync<SocketException>(() => silence.Within())).SocketErrorCode);

        Assert.Equal(1, counters.DroppedSilent);
        Assert.False(of(unread).Closed.IsCompleted);
        Assert.Equal(1, await of(unread).ReceiveAsync(new byte[1]).Within());
        foreach (RxConnection connection in accepted)
            await connection.DisposeAsync();
    }

    [Theory]
    [MemberData(nameof(All))]
    public async Task Idle_ones_are_dropped_and_sends_count_only_where_asked(EngineKind engine, CompletionScheduling scheduling)
    {
        var limit = TimeSpan.FromSeconds(0.6);
        var counters = new ConnectionCounters();
        await using var port = new TestPort(engine, scheduling);
        await using RxListener listener = port.Listen();
        using Socket peer = await Peers.ConnectAsync(listener.LocalEndPoint);
        RxConnection connection = await listener.Accepted.DropIdle(limit, counters: counters).FirstAsync().ToTask().Within();
        using Socket other = await Peers.ConnectAsync(listener.LocalEndPoint);
        RxConnection sending = await listener.Accepted.DropIdle(limit, countSends: true, counters: counters).FirstAsync().ToTask().Within();
        await peer.SendAsync(new byte[1]).Within();
        Assert.Equal(1, await connection.ReceiveAsync(new byte[1]).Within());
        long received = TimeProvider.System.GetTimestamp();
        IConnectionActivity activity = connection;
        Assert.Equal(1, activity.BytesReceived);
        Assert.True(activity.SinceLastReceive <= activity.Age);

        // Both send all the time; only where sends count does that keep a connection.
        Task<ConnectionClosure> closed = connection.Closed;
        while (!closed.IsCompleted)
        {
            foreach (RxConnection each in new[] { connection, sending })
            {
                try
                {
                    await each.SendAsync(new byte[1]);
                }
                catch (SocketException) when (each == connection)
                {
                    // Dropped in between.
                }
            }

            await Task.WhenAny(closed, Task.Delay(TimeSpan.FromMilliseconds(20), TimeProvider.System)).Within();
        }

        Assert.InRange(TimeProvider.System.GetElapsedTime(received), limit - TimeSpan.FromMilliseconds(50), limit + TimeSpan.FromSeconds(1));
        Assert.Contains("DropIdle", (await closed).Description);
        Assert.False(sending.Closed.IsCompleted);
        Assert.Equal(1, counters.DroppedIdle);
        await connection.DisposeAsync();
        await sending.DisposeAsync();
    }

    [Theory]
    [MemberData(nameof(All))]
    public async Task Beyond_the_limit_clients_wait_in_the_backlog(EngineKind engine, CompletionScheduling scheduling)
    {
        await using var port = new TestPort(engine, scheduling);
        await using RxListener listener = port.Listen();
        List<Socket> peers = [];
        for (int i = 0; i < 5; i++)
            peers.Add(await Peers.ConnectAsync(listener.LocalEndPoint));
        var open = Channel.CreateUnbounded<RxConnection>();
        using (listener.Accepted.LimitConnections(2).Subscribe(connection => open.Writer.TryWrite(connection)))
        {
            var current = new Queue<RxConnection>([await open.Reader.ReadAsync().Within(), await open.Reader.ReadAsync().Within()]);
            await Task.Delay(TimeSpan.FromMilliseconds(100), TimeProvider.System);
            Assert.False(open.Reader.TryRead(out _));
            for (int i = 0; i < 3; i++)
            {
                RxConnection leaving = current.Dequeue();
                leaving.Abort();
                await leaving.DisposeAsync();
                current.Enqueue(await open.Reader.ReadAsync().Within());
                Assert.False(open.Reader.TryRead(out _));
            }

            foreach (RxConnection last in current)
                await last.DisposeAsync();
        }

        peers.ForEach(static peer => peer.Dispose());
    }

    [Theory]
    [MemberData(nameof(All))]
    public async Task One_bad_client_does_not_end_a_merge(EngineKind engine, CompletionScheduling scheduling)
    {
        var counters = new ConnectionCounters();
        var errors = new ConcurrentQueue<Exception>();
        await using var port = new TestPort(engine, scheduling);
        await using RxListener listener = port.Listen();
        var lines = new ConcurrentQueue<string>();
        var all = new TaskCompletionSource();
        using IDisposable serving = listener.Accepted
            .MergeConnections(static connection => connection.Received.Lines(10), (_, error) => errors.Enqueue(error), counters)
            .Subscribe(line =>
            {
                lines.Enqueue(line);
                if (lines.Count == 30)
                    all.SetResult();
            });
        for (int i = 0; i < 10; i++)
        {
            using Socket good = await Peers.ConnectAsync(listener.LocalEndPoint);
            await good.SendAsync(Encoding.ASCII.GetBytes($"{i} one\n{i} two\n{i} three\n")).Within();
            good.Shutdown(SocketShutdown.Send);
            using Socket tooLong = await Peers.ConnectAsync(listener.LocalEndPoint);
            await tooLong.SendAsync(new byte[20]).Within();
            Socket reset = await Peers.ConnectAsync(listener.LocalEndPoint);
            reset.Reset();
            // Its connection is disposed when its stream ends: FIN.
            Assert.Equal(0, await good.ReceiveAsync(new byte[1]).Within());
        }

        await all.Task.Within();
        Assert.Equal(30, lines.Distinct().Count());
        await Deadline.EventuallyAsync(() => counters.Failed >= 10);
        Assert.All(errors, static error => Assert.True(error is FrameTooLongException or SocketException, error.ToString()));
        await listener.DisposeAsync();
    }

    [Theory]
    [MemberData(nameof(All))]
    public async Task Pulled_too(EngineKind engine, CompletionScheduling scheduling)
    {
        await using var port = new TestPort(engine, scheduling);
        await using RxListener listener = port.Listen();
        List<Socket> peers = [];
        for (int i = 0; i < 5; i++)
        {
            Socket peer = await Peers.ConnectAsync(listener.LocalEndPoint);
            await peer.SendAsync(Encoding.ASCII.GetBytes($"{i} one\n{i} two\n")).Within();
            peers.Add(peer);
        }

        List<string> lines = [];
        Task reading = Task.Run(async () =>
        {
            await foreach (string line in listener.AcceptAllAsync()
                .DropSilent(TimeSpan.FromSeconds(10))
                .LimitConnections(5)
                .MergeConnections(static connection => connection.ReceiveAllAsync().Lines()))
            {
                lines.Add(line);
                if (lines.Count == 10)
                    break;
            }
        });
        await reading.Within();
        Assert.Equal(10, lines.Distinct().Count());
        // Leaving disposed every connection.
        foreach (Socket peer in peers)
            Assert.Equal(0, await peer.ReceiveAsync(new byte[1]).Within());
        peers.ForEach(static peer => peer.Dispose());
    }

    [Theory]
    [MemberData(nameof(All))]
    public async Task A_bounded_bridge_that_waits_stops_the_sender(EngineKind engine, CompletionScheduling scheduling)
    {
        Assert.SkipWhen(scheduling == CompletionScheduling.Inline, "A bridge that waits holds up its loop in inline scheduling, as documented.");
        const int Length = 64 << 20;
        await using var port = new TestPort(engine, scheduling);
        (RxConnection connection, Socket peer) = await port.AcceptPeerAsync();
        long sent = 0;
        Task sending = Task.Run(async () =>
        {
            byte[] block = new byte[65536];
            while (sent < Length)
                Interlocked.Add(ref sent, await peer.SendAsync(block));
            peer.Shutdown(SocketShutdown.Send);
        });
        long received = 0;
        int items = 0;
        await foreach (ReceivedSegment segment in connection.Received.Copied().ToAsyncEnumerable(4, OverflowMode.Wait))
        {
            received += segment.Length;
            // Not reading for a while: the sender runs into a closed window, and what is held here is a few segments.
            if (items++ == 10)
            {
                for (long before = -1; before != Interlocked.Read(ref sent);)
                {
                    before = Interlocked.Read(ref sent);
                    await Task.Delay(TimeSpan.FromMilliseconds(100), TimeProvider.System);
                }

                // The receive limit, the bridge, and the bursts that a multishot receive was in the middle of.
                Assert.InRange(connection.BytesReceived, received, received + (4 << 20));
                Assert.True(Interlocked.Read(ref sent) < Length);
            }
        }

        Assert.Equal(Length, received);
        await sending.Within();
        await connection.DisposeAsync();
        peer.Dispose();
    }
}
