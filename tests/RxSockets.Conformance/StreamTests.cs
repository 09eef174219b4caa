using System.Net;
using System.Net.Sockets;
using System.Reactive.Linq;
using System.Reactive.Threading.Tasks;

namespace RxSockets.Conformance;

public class StreamTests
{
    public static TheoryData<EngineKind, CompletionScheduling> All => Engines.All;

    [Theory]
    [MemberData(nameof(All))]
    public async Task One_accept_then_the_rest_loses_no_connection(EngineKind engine, CompletionScheduling scheduling)
    {
        await using var port = new TestPort(engine, scheduling);
        await using RxListener listener = port.Listen();
        List<Socket> peers = [];
        for (int i = 0; i < 5; i++)
            peers.Add(await Peers.ConnectAsync(listener.LocalEndPoint));
        List<RxConnection> accepted = [await listener.Accepted.FirstAsync().ToTask().Within()];
        accepted.Add(await listener.AcceptAsync().AsTask().Within());
        await foreach (RxConnection connection in listener.AcceptAllAsync())
        {
            accepted.Add(connection);
            if (accepted.Count == 5)
                break;
        }

        Assert.Equal(
            peers.Select(static peer => ((IPEndPoint)peer.LocalEndPoint!).Port).Order(),
            accepted.Select(static connection => ((IPEndPoint)connection.RemoteEndPoint!).Port).Order());
        foreach (RxConnection connection in accepted)
            await connection.DisposeAsync();
        peers.ForEach(static peer => peer.Dispose());
    }

    [Theory]
    [MemberData(nameof(All))]
    public async Task Cancelling_accepts_loses_no_connection(EngineKind engine, CompletionScheduling scheduling)
    {
        const int Count = 100;
        await using var port = new TestPort(engine, scheduling);
        await using RxListener listener = port.Listen();
        int accepted = 0;
        for (int i = 0; i < Count; i++)
        {
            using var cancel = new CancellationTokenSource();
            Task<RxConnection> accepting = listener.AcceptAsync(cancel.Token).AsTask();
            Task connecting = Peers.ConnectAsync(listener.LocalEndPoint).ContinueWith(static task => task.Result.Dispose(), TaskScheduler.Default);
            if (i % 2 == 0)
                await connecting.Within();
            await cancel.CancelAsync();
            await connecting.Within();
            try
            {
                await using RxConnection connection = await accepting.Within();
                accepted++;
            }
            catch (OperationCanceledException error)
            {
                Assert.Equal(cancel.Token, error.CancellationToken);
            }
        }

        while (accepted < Count)
        {
            await using RxConnection connection = await listener.AcceptAsync().AsTask().Within();
            accepted++;
        }
    }

    [Theory]
    [MemberData(nameof(All))]
    public async Task Leaving_in_the_middle_loses_no_byte(EngineKind engine, CompletionScheduling scheduling)
    {
        await using var port = new TestPort(engine, scheduling);
        (RxConnection connection, Socket peer) = await port.AcceptPeerAsync();
        var expected = new List<byte>();
        Task sending = Task.Run(async () =>
        {
            for (int i = 0; i < 200; i++)
            {
                byte[] piece = [.. Enumerable.Range(0, 1 + (i * 37 % 500)).Select(j => (byte)(i + j))];
                expected.AddRange(piece);
                await peer.SendAsync(piece);
            }

            peer.Shutdown(SocketShutdown.Send);
        });

        var received = new List<byte>();
        byte[] some = new byte[100];
        bool ended = false;
        for (int turn = 0; !ended; turn++)
        {
            switch (turn % 3)
            {
                case 0:
                    ended = true;
                    await foreach (ReceivedSegment segment in connection.ReceiveAllAsync())
                    {
                        received.AddRange(segment.Memory.Span);
                        ended = false;
                        break;
                    }

                    break;
                case 1:
                    byte[]? pushed = await connection.Received.Select(static segment => segment.ToArray()).FirstOrDefaultAsync().ToTask().Within();
                    received.AddRange(pushed ?? []);
                    ended = pushed is null;
                    break;
                default:
                    int count = await connection.ReceiveAsync(some).AsTask().Within();
                    received.AddRange(some.AsSpan(0, count));
                    ended = count == 0;
                    break;
            }
        }

        await sending.Within();
        Assert.Equal(expected, received);
        await connection.DisposeAsync();
        peer.Dispose();
    }

    [Theory]
    [MemberData(nameof(All))]
    public async Task A_second_reader_is_refused(EngineKind engine, CompletionScheduling scheduling)
    {
        await using var port = new TestPort(engine, scheduling);
        await using RxListener listener = port.Listen();
        Task<RxConnection> first = listener.AcceptAsync().AsTask();
        await Assert.ThrowsAsync<InvalidOperationException>(() => listener.AcceptAsync().AsTask().Within());
        await Assert.ThrowsAsync<InvalidOperationException>(() => listener.Accepted.FirstAsync().ToTask().Within());
        await listener.DisposeAsync();
        await Assert.ThrowsAsync<ObjectDisposedException>(() => first.Within());

        (RxConnection connection, Socket peer) = await port.AcceptPeerAsync();
        Task<int> receiving = connection.ReceiveAsync(new byte[1]).AsTask();
        await Assert.ThrowsAsync<InvalidOperationException>(() => connection.ReceiveAsync(new byte[1]).AsTask().Within());
        await Assert.ThrowsAsync<InvalidOperationException>(() => connection.ReadToEndAsync().Within());
        await peer.SendAsync(new byte[1]);
        Assert.Equal(1, await receiving.Within());
        await connection.DisposeAsync();
        peer.Dispose();
    }

    [Theory]
    [MemberData(nameof(All))]
    public async Task Disposing_the_listener_completes_its_streams_and_leaves_connections_alone(EngineKind engine, CompletionScheduling scheduling)
    {
        await using var port = new TestPort(engine, scheduling);
        RxListener listener = port.Listen();
        Task<RxConnection> accepting = listener.AcceptAsync().AsTask();
        using Socket peer = await Peers.ConnectAsync(listener.LocalEndPoint);
        await using RxConnection connection = await accepting.Within();
        Task<IList<RxConnection>> pushed = listener.Accepted.ToList().ToTask();
        await listener.DisposeAsync().AsTask().Within();
        Assert.Empty(await pushed.Within());
        await foreach (RxConnection _ in listener.AcceptAllAsync())
            Assert.Fail("accepted after disposal");
        await peer.SendAsync("x"u8.ToArray()).Within();
        Assert.Equal(1, await connection.ReceiveAsync(new byte[5]).AsTask().Within());

        // And the port is free at once, also with that connection alive.
        await using RxListener again = port.Listen(endPoint: listener.LocalEndPoint);
        var inUse = Assert.Throws<SocketException>(() => port.Listen(endPoint: again.LocalEndPoint));
        Assert.Equal(SocketError.AddressAlreadyInUse, inUse.SocketErrorCode);
    }

    [Theory]
    [MemberData(nameof(All))]
    public async Task OnNext_is_serial_and_keeps_the_execution_context(EngineKind engine, CompletionScheduling scheduling)
    {
        await using var port = new TestPort(engine, scheduling);
        (RxConnection connection, Socket peer) = await port.AcceptPeerAsync();
        var local = new AsyncLocal<string> { Value = "subscriber" };
        int inside = 0, overlaps = 0, wrong = 0;
        long bytes = 0;
        Task<ReceivedSegment> all = connection.Received.Do(segment =>
        {
            if (Interlocked.Increment(ref inside) != 1)
                overlaps++;
            if (local.Value != "subscriber" || SynchronizationContext.Current is not null)
                wrong++;
            bytes += segment.Length;
            Interlocked.Decrement(ref inside);
        }).LastOrDefaultAsync().ToTask();
        for (int i = 0; i < 200; i++)
            await peer.SendAsync(new byte[1000]).Within();
        peer.Shutdown(SocketShutdown.Send);
        await all.Within();
        Assert.Equal((200_000L, 0, 0), (bytes, overlaps, wrong));
        await connection.DisposeAsync();
        peer.Dispose();
    }

    [Theory]
    [MemberData(nameof(All))]
    public async Task A_throwing_observer_ends_its_connection_and_no_other(EngineKind engine, CompletionScheduling scheduling)
    {
        await using var port = new TestPort(engine, scheduling);
        (RxConnection bad, Socket badPeer) = await port.AcceptPeerAsync();
        (RxConnection good, Socket goodPeer) = await port.AcceptPeerAsync();
        using IDisposable subscription = bad.Received.Subscribe(
            static _ => throw new InvalidOperationException("thrown by the test"), static _ => { });
        await badPeer.SendAsync(new byte[1]).Within();
        Assert.Equal(ConnectionCloseReason.HandlerFailed, (await bad.Closed.Within()).Reason);
        await goodPeer.SendAsync(new byte[1]).Within();
        Assert.Equal(1, await good.ReceiveAsync(new byte[1]).AsTask().Within());
        Assert.IsType<InvalidOperationException>(Assert.Single(port.TakeUnhandled()));
        await good.DisposeAsync();
        goodPeer.Dispose();
        badPeer.Dispose();
    }

    [Theory]
    [MemberData(nameof(All))]
    public async Task A_blocking_handler_on_the_pool_stops_no_other(EngineKind engine, CompletionScheduling scheduling)
    {
        Assert.SkipWhen(scheduling == CompletionScheduling.Inline, "A handler that blocks holds up its loop in inline scheduling, as documented.");
        await using var port = new TestPort(engine, scheduling);
        using var release = new ManualResetEventSlim();
        (RxConnection first, Socket firstPeer) = await port.AcceptPeerAsync();
        (RxConnection second, Socket secondPeer) = await port.AcceptPeerAsync();
        var blocked = new TaskCompletionSource();
        var unblocked = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        using IDisposable blocking = first.Received.Subscribe(
            _ =>
            {
                blocked.SetResult();
                release.Wait();
                // Before its event is disposed.
                unblocked.SetResult();
            },
            static _ => { });
        await firstPeer.SendAsync(new byte[1]).Within();
        await blocked.Task.Within();
        Task<int> receiving = second.ReceiveAsync(new byte[1]).AsTask();
        await secondPeer.SendAsync(new byte[1]).Within();
        Assert.Equal(1, await receiving.Within());
        release.Set();
        await unblocked.Task.Within();
        await first.DisposeAsync();
        await second.DisposeAsync();
        firstPeer.Dispose();
        secondPeer.Dispose();
    }
}
