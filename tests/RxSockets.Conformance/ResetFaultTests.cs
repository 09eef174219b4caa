using System.Net.Sockets;
using RxSockets.Testing;

namespace RxSockets.Conformance;

/// <summary>A reset in the states of a connection that CloseTests does not have: what is under way ends with the typed error, and nothing that was cut off reads as an end.</summary>
public class ResetFaultTests
{
    public static TheoryData<EngineKind, CompletionScheduling> All => Engines.All;

    [Theory]
    [MemberData(nameof(All))]
    public async Task After_our_FIN_the_read_fails(EngineKind engine, CompletionScheduling scheduling)
    {
        await using var port = new TestPort(engine, scheduling);
        (RxConnection connection, Socket peer) = await port.AcceptPeerAsync();
        Task<int> receiving = connection.ReceiveAsync(new byte[1]).AsTask();
        await connection.CompleteWritesAsync().Within();
        Assert.Equal(0, await peer.ReceiveAsync(new byte[1]).Within());
        peer.Reset();
        var error = await Assert.ThrowsAsync<SocketException>(() => receiving.Within());
        Assert.Equal(SocketError.ConnectionReset, error.SocketErrorCode);
        Assert.Equal(ConnectionCloseReason.PeerReset, (await connection.Closed.Within()).Reason);
    }

    [Theory]
    [MemberData(nameof(All))]
    public async Task After_the_peers_FIN_the_send_fails(EngineKind engine, CompletionScheduling scheduling)
    {
        await using var port = new TestPort(engine, scheduling);
        (RxConnection connection, Socket peer) = await port.AcceptPeerAsync();
        peer.Shutdown(SocketShutdown.Send);
        Assert.Empty(await connection.ReadToEndAsync().Within());
        peer.Reset();
        var error = await Assert.ThrowsAsync<SocketException>(async () =>
        {
            for (int i = 0; i < 1000; i++)
                await connection.SendAsync(new byte[65536]).Within();
        });
        Assert.Equal(SocketError.ConnectionReset, error.SocketErrorCode);
        Assert.Equal(ConnectionCloseReason.PeerReset, (await connection.Closed.Within()).Reason);
    }

    [Theory]
    [MemberData(nameof(All))]
    public async Task While_a_disposed_connection_drains(EngineKind engine, CompletionScheduling scheduling)
    {
        await using var port = new TestPort(engine, scheduling);
        (RxConnection connection, Socket peer) = await port.AcceptPeerAsync();
        await connection.DisposeAsync();
        Assert.Equal(0, await peer.ReceiveAsync(new byte[1]).Within());
        peer.Reset();
        Assert.Equal(ConnectionCloseReason.PeerReset, (await connection.Closed.Within()).Reason);
    }

    [Theory]
    [MemberData(nameof(All))]
    public async Task Behind_data_that_nobody_read_yet(EngineKind engine, CompletionScheduling scheduling)
    {
        Wine.SkipIfResetsAreLost();
        await using var port = new TestPort(engine, scheduling);
        (RxConnection connection, Socket peer) = await port.AcceptPeerAsync();
        byte[] data = new byte[500_000];
        new Random(8).NextBytes(data);
        Task<int> sending = peer.SendAsync(data);
        var read = new List<byte>();
        byte[] first = new byte[1000];
        read.AddRange(first.AsSpan(0, await connection.ReceiveAsync(first).Within()));
        await sending.Within();
        peer.Reset();
        // The kernel may drop what lay in its buffer; what comes is a prefix, and never an end.
        var error = await Assert.ThrowsAsync<SocketException>(async () =>
        {
            await foreach (ReceivedSegment segment in connection.ReceiveAllAsync())
                read.AddRange(segment.Memory.Span);
        });
        Assert.Equal(SocketError.ConnectionReset, error.SocketErrorCode);
        Assert.Equal(data[..read.Count], read.ToArray());
    }

    [Theory]
    [MemberData(nameof(All))]
    public async Task In_the_backlog_the_next_client_is_accepted_all_the_same(EngineKind engine, CompletionScheduling scheduling)
    {
        await using var port = new TestPort(engine, scheduling);
        await using RxListener listener = port.Listen();
        for (int i = 0; i < 20; i++)
            (await Peers.ConnectAsync(listener.LocalEndPoint)).Reset();
        using Socket last = await Peers.ConnectAsync(listener.LocalEndPoint);
        await last.SendAsync("last"u8.ToArray()).Within();
        int before = 0;
        await foreach (RxConnection connection in listener.AcceptAllAsync())
        {
            await using (connection)
            {
                byte[] bytes = new byte[10];
                try
                {
                    Assert.Equal(4, await connection.ReceiveAsync(bytes).Within());
                    break;
                }
                catch (SocketException error) when (error.SocketErrorCode == SocketError.ConnectionReset)
                {
                    before++;
                }
            }
        }

        Assert.InRange(before, 0, 20);
    }

    [Theory]
    [MemberData(nameof(All))]
    public async Task While_sends_wait_for_the_window_each_of_them_ends(EngineKind engine, CompletionScheduling scheduling)
    {
        Wine.SkipForStrandedSends();
        await using var port = new TestPort(engine, scheduling);
        (RxConnection connection, Socket peer) = await port.AcceptPeerAsync();
        byte[] block = new byte[32 << 20];
        Task[] sends = [.. Enumerable.Range(0, 5).Select(_ => connection.SendAsync(block).AsTask())];
        Assert.True(await peer.ReceiveAsync(new byte[1]).Within() == 1);
        peer.Reset();
        foreach (Task send in sends)
        {
            var error = await Assert.ThrowsAsync<SocketException>(() => send.Within());
            Assert.Equal(SocketError.ConnectionReset, error.SocketErrorCode);
        }

        // With nobody reading, a reset behind unread data is found by the reader; here there is none.
        var read = await Assert.ThrowsAsync<SocketException>(() => connection.ReceiveAsync(new byte[1]).AsTask().Within());
        Assert.Equal(SocketError.ConnectionReset, read.SocketErrorCode);
        Assert.Equal(ConnectionCloseReason.PeerReset, (await connection.Closed.Within()).Reason);
    }

    /// <summary>Linux tells a reset once, to whoever asks first; the other direction finds what looks like an end in order.</summary>
    [Theory]
    [MemberData(nameof(All))]
    public async Task Both_directions_hear_of_it_whichever_is_told_first(EngineKind engine, CompletionScheduling scheduling)
    {
        Wine.SkipForStrandedSends();
        await using var port = new TestPort(engine, scheduling);
        await using RxListener listener = port.Listen();
        byte[] block = new byte[8 << 20];
        for (int i = 0; i < Wine.Scaled(200, underWine: 20); i++)
        {
            using Socket peer = await Peers.ConnectAsync(listener.LocalEndPoint);
            await using RxConnection connection = await listener.AcceptAsync().Within();
            Task<int> receiving = connection.ReceiveAsync(new byte[1]).AsTask();
            Task sending = connection.SendAsync(block).AsTask();
            peer.Reset();
            Assert.Equal(SocketError.ConnectionReset, (await Assert.ThrowsAsync<SocketException>(() => receiving.Within())).SocketErrorCode);
            Assert.Equal(SocketError.ConnectionReset, (await Assert.ThrowsAsync<SocketException>(() => sending.Within())).SocketErrorCode);
            Assert.Equal(ConnectionCloseReason.PeerReset, (await connection.Closed.Within()).Reason);
        }
    }

    [Theory]
    [MemberData(nameof(All))]
    public async Task While_a_disconnect_waits_for_the_peers_FIN(EngineKind engine, CompletionScheduling scheduling)
    {
        await using var port = new TestPort(engine, scheduling);
        (RxConnection connection, Socket peer) = await port.AcceptPeerAsync();
        Task<bool> disconnecting = connection.DisconnectAsync().AsTask();
        Assert.Equal(0, await peer.ReceiveAsync(new byte[1]).Within());
        peer.Reset();
        Assert.False(await disconnecting.Within());
        Assert.Equal(ConnectionCloseReason.PeerReset, (await connection.Closed.Within()).Reason);
    }
}
