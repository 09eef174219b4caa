using System.Net.Sockets;
using System.Reactive.Linq;
using System.Reactive.Threading.Tasks;
using RxSockets.Testing;

namespace RxSockets.Conformance;

public class CloseTests
{
    public static TheoryData<EngineKind, CompletionScheduling> All => Engines.All;

    [Theory]
    [MemberData(nameof(All))]
    public async Task Half_close_both_ways(EngineKind engine, CompletionScheduling scheduling)
    {
        await using var port = new TestPort(engine, scheduling);
        (RxConnection connection, Socket peer) = await port.AcceptPeerAsync();
        await connection.CompleteWritesAsync().AsTask().Within();
        Assert.Equal(0, await peer.ReceiveAsync(new byte[1]).Within());
        await peer.SendAsync("late"u8.ToArray()).Within();
        peer.Shutdown(SocketShutdown.Send);
        Assert.Equal("late"u8.ToArray(), await connection.ReadToEndAsync().Within());
        var error = await Assert.ThrowsAsync<SocketException>(async () => await connection.SendAsync(new byte[1]));
        Assert.Equal(SocketError.Shutdown, error.SocketErrorCode);
        await connection.DisposeAsync();
        Assert.Equal(ConnectionCloseReason.Orderly, (await connection.Closed.Within()).Reason);
        peer.Dispose();
    }

    [Theory]
    [MemberData(nameof(All))]
    public async Task A_reset_is_never_an_end_of_stream(EngineKind engine, CompletionScheduling scheduling)
    {
        await using var port = new TestPort(engine, scheduling);
        (RxConnection pulled, Socket first) = await port.AcceptPeerAsync();
        Task<List<byte>> reading = pulled.ReadToEndAsync();
        first.Reset();
        Assert.Equal(SocketError.ConnectionReset, (await Assert.ThrowsAsync<SocketException>(() => reading.Within())).SocketErrorCode);
        ConnectionClosure closure = await pulled.Closed.Within();
        Assert.Equal(ConnectionCloseReason.PeerReset, closure.Reason);
        Assert.True(closure.ByPeer);

        (RxConnection single, Socket third) = await port.AcceptPeerAsync();
        Task<int> receiving = single.ReceiveAsync(new byte[1]).AsTask();
        third.Reset();
        Assert.Equal(SocketError.ConnectionReset, (await Assert.ThrowsAsync<SocketException>(() => receiving.Within())).SocketErrorCode);
    }

    [Theory]
    [MemberData(nameof(All))]
    public async Task A_reset_is_never_an_end_of_stream_to_an_observer(EngineKind engine, CompletionScheduling scheduling)
    {
        await using var port = new TestPort(engine, scheduling);
        // An observer's receive begins some time after it subscribed.
        Wine.SkipIfResetsAreLost();
        (RxConnection pushed, Socket peer) = await port.AcceptPeerAsync();
        Task pushing = pushed.Received.LastOrDefaultAsync().ToTask();
        peer.Reset();
        Assert.Equal(SocketError.ConnectionReset, (await Assert.ThrowsAsync<SocketException>(() => pushing.Within())).SocketErrorCode);
    }

    [Theory]
    [MemberData(nameof(All))]
    public async Task A_send_to_a_peer_that_reset_fails_and_so_does_the_read_behind_it(EngineKind engine, CompletionScheduling scheduling)
    {
        await using var port = new TestPort(engine, scheduling);
        (RxConnection connection, Socket peer) = await port.AcceptPeerAsync();
        peer.Reset();
        var error = await Assert.ThrowsAsync<SocketException>(async () =>
        {
            byte[] block = new byte[65536];
            for (int i = 0; i < 1000; i++)
                await connection.SendAsync(block).AsTask().Within();
        });
        Assert.Equal(SocketError.ConnectionReset, error.SocketErrorCode);
        error = await Assert.ThrowsAsync<SocketException>(() => connection.ReadToEndAsync().Within());
        Assert.Equal(SocketError.ConnectionReset, error.SocketErrorCode);
    }

    [Theory]
    [MemberData(nameof(All))]
    public async Task Abort_resets_the_peer_and_ends_the_reader(EngineKind engine, CompletionScheduling scheduling)
    {
        await using var port = new TestPort(engine, scheduling);
        (RxConnection connection, Socket peer) = await port.AcceptPeerAsync();
        Task<List<byte>> reading = connection.ReadToEndAsync();
        Task<int> peerReading = peer.ReceiveAsync(new byte[1]);
        connection.Abort();
        Assert.Equal(SocketError.OperationAborted, (await Assert.ThrowsAsync<SocketException>(() => reading.Within())).SocketErrorCode);
        var error = await Assert.ThrowsAsync<SocketException>(() => peerReading.Within());
        Assert.Equal(SocketError.ConnectionReset, error.SocketErrorCode);
        Assert.Equal(ConnectionCloseReason.Aborted, (await connection.Closed.Within()).Reason);
        Assert.Null(connection.ConnectTime);
        peer.Dispose();
    }

    [Theory]
    [MemberData(nameof(All))]
    public async Task Disposal_with_unread_data_does_not_destroy_what_was_sent(EngineKind engine, CompletionScheduling scheduling)
    {
        await using var port = new TestPort(engine, scheduling);
        (RxConnection connection, Socket peer) = await port.AcceptPeerAsync();
        await peer.SendAsync(new byte[100_000]).Within();
        Assert.NotEqual(0, await connection.ReceiveAsync(new byte[10]).Within());
        byte[] block = new byte[1 << 20];
        new Random(5).NextBytes(block);
        Task sending = connection.SendAsync(block).AsTask();
        await connection.DisposeAsync();
        Assert.Equal(block, await peer.ReceiveExactlyAsync(block.Length));
        Assert.Equal(0, await peer.ReceiveAsync(new byte[1]).Within());
        await sending.Within();
        peer.Dispose();
        Assert.Equal(ConnectionCloseReason.Orderly, (await connection.Closed.Within()).Reason);
    }

    [Theory]
    [MemberData(nameof(All))]
    public async Task A_peer_that_never_closes_is_aborted_after_the_close_timeout(EngineKind engine, CompletionScheduling scheduling)
    {
        var time = new Microsoft.Extensions.Time.Testing.FakeTimeProvider();
        await using var port = new TestPort(engine, scheduling, options => (options.TimeProvider, options.CloseTimeout) = (time, TimeSpan.FromSeconds(5)));
        (RxConnection connection, Socket peer) = await port.AcceptPeerAsync();
        await connection.DisposeAsync();
        Assert.Equal(0, await peer.ReceiveAsync(new byte[1]).Within());
        for (int i = 0; i < 40; i++)
            time.Advance(TimeSpan.FromMilliseconds(100));
        Assert.False(connection.Closed.IsCompleted);
        for (int i = 0; i < 30; i++)
            time.Advance(TimeSpan.FromMilliseconds(100));
        Assert.Equal(ConnectionCloseReason.CloseTimeout, (await connection.Closed.Within()).Reason);
        peer.Dispose();
    }

    [Theory]
    [MemberData(nameof(All))]
    public async Task Disconnect_is_orderly_in_both_directions(EngineKind engine, CompletionScheduling scheduling)
    {
        await using var port = new TestPort(engine, scheduling);
        (RxConnection connection, Socket peer) = await port.AcceptPeerAsync();
        await connection.SendAsync("bye"u8.ToArray());
        Task<bool> disconnecting = connection.DisconnectAsync().AsTask();
        Assert.Equal("bye"u8.ToArray(), await peer.ReceiveExactlyAsync(3));
        Assert.Equal(0, await peer.ReceiveAsync(new byte[1]).Within());
        Assert.False(disconnecting.IsCompleted);
        peer.Dispose();
        Assert.True(await disconnecting.Within());
        var error = await Assert.ThrowsAsync<SocketException>(async () => await connection.DisconnectAsync());
        Assert.Equal(SocketError.NotConnected, error.SocketErrorCode);
    }

    [Theory]
    [MemberData(nameof(All))]
    public async Task Disposing_the_port_with_everything_in_flight(EngineKind engine, CompletionScheduling scheduling)
    {
        for (int round = 0; round < 10; round++)
        {
            await using var port = new TestPort(engine, scheduling);
            RxListener listener = port.Listen();
            Task serving = TestPort.EchoAsync(listener);
            List<Socket> peers = [];
            for (int i = 0; i < 20; i++)
            {
                Socket peer = await Peers.ConnectAsync(listener.LocalEndPoint);
                await peer.SendAsync(new byte[1000]).Within();
                peers.Add(peer);
            }

            RxConnection ours = await port.ConnectAsync(listener.LocalEndPoint).AsTask().Within();
            _ = ours.ReceiveAsync(new byte[1]).AsTask().ContinueWith(static task => task.Exception, TaskScheduler.Default);
            Task disposing = port.Port.DisposeAsync().AsTask();
            foreach (Socket peer in peers)
                peer.Dispose();
            await disposing.Within();
            await serving.Within();
        }
    }

    [Theory]
    [MemberData(nameof(All))]
    public async Task Use_after_disposal_is_a_clear_error(EngineKind engine, CompletionScheduling scheduling)
    {
        await using var port = new TestPort(engine, scheduling);
        (RxConnection connection, Socket peer) = await port.AcceptPeerAsync();
        await connection.DisposeAsync();
        await connection.DisposeAsync();
        await Assert.ThrowsAsync<ObjectDisposedException>(async () => await connection.SendAsync(new byte[1]));
        await Assert.ThrowsAsync<ObjectDisposedException>(async () => await connection.DisconnectAsync());
        await Assert.ThrowsAsync<SocketException>(async () => await connection.ReceiveAsync(new byte[1]));
        peer.Dispose();
        await connection.Closed.Within();
    }
}
