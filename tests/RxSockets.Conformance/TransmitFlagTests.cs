using System.Net;
using System.Net.Sockets;

namespace RxSockets.Conformance;

/// <summary>Disconnect, ReuseSocket, WriteBehind and the hints.</summary>
public class TransmitFlagTests
{
    public static TheoryData<EngineKind, CompletionScheduling> All => Engines.All;

    [Theory]
    [MemberData(nameof(All))]
    public async Task Hints_change_nothing_that_can_be_seen(EngineKind engine, CompletionScheduling scheduling)
    {
        await using var port = new TestPort(engine, scheduling);
        (RxConnection connection, Socket peer) = await port.AcceptPeerAsync();
        using var file = new TestFile(500_000);
        TransmitFlags[] hints =
        [
            TransmitFlags.WriteBehind, TransmitFlags.UseDefaultWorker, TransmitFlags.UseSystemThread, TransmitFlags.UseKernelApc,
            TransmitFlags.WriteBehind | TransmitFlags.UseDefaultWorker | TransmitFlags.UseSystemThread | TransmitFlags.UseKernelApc,
        ];
        foreach (TransmitFlags flags in hints)
        {
            Task<TransmitResult> transmitting = connection.TransmitFileAsync(file.Handle, new FileTransmitOptions { Flags = flags, Head = "h"u8.ToArray() }).AsTask();
            Bytes.Same([(byte)'h', .. file.Bytes], await peer.ReceiveExactlyAsync(file.Bytes.Length + 1));
            Assert.Equal(new TransmitResult(file.Bytes.Length + 1), await transmitting.Within());
        }

        await connection.DisposeAsync();
        peer.Dispose();
    }

    [Theory]
    [MemberData(nameof(All))]
    public async Task Disconnect_sends_fin_behind_the_last_byte_and_ends_the_connection(EngineKind engine, CompletionScheduling scheduling)
    {
        await using var port = new TestPort(engine, scheduling);
        foreach (bool packets in new[] { false, true })
        {
            (RxConnection connection, Socket peer) = await port.AcceptPeerAsync();
            using var file = new TestFile(100_000);
            await peer.SendAsync("unread"u8.ToArray()).Within();
            Task<TransmitResult> transmitting = (packets
                ? connection.TransmitPacketsAsync(new[] { TransmitPacket.FromFile(file.Handle) }, flags: TransmitFlags.Disconnect)
                : connection.TransmitFileAsync(file.Handle, new FileTransmitOptions { Flags = TransmitFlags.Disconnect })).AsTask();
            // From the call on nothing may follow.
            Assert.Equal(SocketError.Shutdown, (await Assert.ThrowsAsync<SocketException>(async () => await connection.SendAsync(new byte[1]))).SocketErrorCode);
            Bytes.Same(file.Bytes, await peer.ReceiveExactlyAsync(file.Bytes.Length));
            Assert.Equal(0, await peer.ReceiveAsync(new byte[1]).Within());
            Assert.Equal(new TransmitResult(file.Bytes.Length), await transmitting.Within());
            Assert.False(connection.Closed.IsCompleted);
            peer.Dispose();
            Assert.Equal(ConnectionCloseReason.Orderly, (await connection.Closed.Within()).Reason);
        }
    }

    [Theory]
    [MemberData(nameof(All))]
    public async Task A_withdrawn_transmit_takes_its_disconnect_with_it(EngineKind engine, CompletionScheduling scheduling)
    {
        await using var port = new TestPort(engine, scheduling);
        (RxConnection connection, Socket peer) = await port.AcceptPeerAsync();
        using var file = new TestFile(1000);
        byte[] block = new byte[32 << 20];
        Task sending = connection.SendAsync(block).AsTask();
        using var cancel = new CancellationTokenSource();
        Task<TransmitResult> transmitting = connection.TransmitFileAsync(file.Handle, new FileTransmitOptions { Flags = TransmitFlags.Disconnect }, cancel.Token).AsTask();
        await cancel.CancelAsync();
        await Assert.ThrowsAsync<TransmitCanceledException>(() => transmitting.Within());
        await peer.ReceiveExactlyAsync(block.Length);
        await sending.Within();
        await connection.SendAsync("on"u8.ToArray()).AsTask().Within();
        Assert.Equal("on"u8.ToArray(), await peer.ReceiveExactlyAsync(2));
        await connection.DisposeAsync();
        peer.Dispose();
    }

    [Theory]
    [MemberData(nameof(All))]
    public async Task Reuse_completes_when_the_peers_data_was_read_and_the_peer_has_closed(EngineKind engine, CompletionScheduling scheduling)
    {
        if (engine == EngineKind.Iocp)
            RxSockets.Testing.Wine.SkipIfHandlesStayUsed();
        await using var port = new TestPort(engine, scheduling);
        using Socket listener = Peers.Listen();
        await using RxConnection connection = await port.ConnectAsync(listener.LocalEndPoint!).AsTask().Within();
        Socket peer = await listener.AcceptAsync().Within();
        using var file = new TestFile(100_000);
        var options = new FileTransmitOptions { Flags = TransmitFlags.Disconnect | TransmitFlags.ReuseSocket };
        IAsyncEnumerator<ReceivedSegment> reader = connection.ReceiveAllAsync().GetAsyncEnumerator();
        ValueTask<bool> first = reader.MoveNextAsync();
        Task<TransmitResult> transmitting = connection.TransmitFileAsync(file.Handle, options).AsTask();
        Bytes.Same(file.Bytes, await peer.ReceiveExactlyAsync(file.Bytes.Length));
        Assert.Equal(0, await peer.ReceiveAsync(new byte[1]).Within());
        Assert.False(transmitting.IsCompleted);
        await peer.SendAsync("answer"u8.ToArray()).Within();
        Assert.True(await first.Within());
        Assert.Equal("answer"u8.ToArray(), reader.Current.ToArray());
        await peer.SendAsync("more"u8.ToArray()).Within();
        peer.Dispose();
        // Closed, but not read: the reader has not asked for what is left.
        using var moment = new CancellationTokenSource(TimeSpan.FromMilliseconds(200));
        await Assert.ThrowsAsync<TaskCanceledException>(() => transmitting.WaitAsync(moment.Token));
        Assert.True(await reader.MoveNextAsync().AsTask().Within());
        Assert.Equal("more"u8.ToArray(), reader.Current.ToArray());
        Assert.False(await reader.MoveNextAsync().AsTask().Within());
        await reader.DisposeAsync();
        Assert.Equal(new TransmitResult(file.Bytes.Length, SocketKept: true), await transmitting.Within());
        Assert.Equal(ConnectionCloseReason.Orderly, (await connection.Closed.Within()).Reason);

        // Another life, without a reader: what the peer sends is discarded.
        await connection.ReconnectAsync(listener.LocalEndPoint!).AsTask().Within();
        peer = await listener.AcceptAsync().Within();
        await peer.SendAsync(new byte[300_000]).Within();
        transmitting = connection.TransmitPacketsAsync(new[] { TransmitPacket.FromFile(file.Handle) }, flags: options.Flags).AsTask();
        Bytes.Same(file.Bytes, await peer.ReceiveExactlyAsync(file.Bytes.Length));
        peer.Dispose();
        Assert.Equal(new TransmitResult(file.Bytes.Length, SocketKept: true), await transmitting.Within());
    }

    [Theory]
    [MemberData(nameof(All))]
    public async Task Reuse_gives_up_when_the_peer_does_not_close(EngineKind engine, CompletionScheduling scheduling)
    {
        await using var port = new TestPort(engine, scheduling, static options => options.CloseTimeout = TimeSpan.FromMilliseconds(200));
        using Socket listener = Peers.Listen();
        await using RxConnection connection = await port.ConnectAsync(listener.LocalEndPoint!).AsTask().Within();
        using Socket peer = await listener.AcceptAsync().Within();
        var options = new FileTransmitOptions { Head = new byte[5], Flags = TransmitFlags.Disconnect | TransmitFlags.ReuseSocket };
        Assert.Equal(new TransmitResult(5, SocketKept: false), await connection.TransmitFileAsync(null, options).Within());
        Assert.Equal(ConnectionCloseReason.CloseTimeout, (await connection.Closed.Within()).Reason);
        var error = await Assert.ThrowsAsync<SocketException>(async () => await connection.ReconnectAsync(listener.LocalEndPoint!));
        Assert.Equal(SocketError.NotSocket, error.SocketErrorCode);
    }

    [Theory]
    [MemberData(nameof(All))]
    public async Task A_cancelled_wait_for_the_peer_still_tells_the_bytes(EngineKind engine, CompletionScheduling scheduling)
    {
        await using var port = new TestPort(engine, scheduling);
        using Socket listener = Peers.Listen();
        await using RxConnection connection = await port.ConnectAsync(listener.LocalEndPoint!).AsTask().Within();
        using Socket peer = await listener.AcceptAsync().Within();
        using var cancel = new CancellationTokenSource();
        var options = new FileTransmitOptions { Head = new byte[5], Flags = TransmitFlags.Disconnect | TransmitFlags.ReuseSocket };
        Task<TransmitResult> transmitting = connection.TransmitFileAsync(null, options, cancel.Token).AsTask();
        await peer.ReceiveExactlyAsync(5);
        Assert.Equal(0, await peer.ReceiveAsync(new byte[1]).Within());
        await cancel.CancelAsync();
        Assert.Equal(5, (await Assert.ThrowsAsync<TransmitCanceledException>(() => transmitting.Within())).BytesTransmitted);
        peer.Dispose();
        await connection.Closed.Within();
    }
}
