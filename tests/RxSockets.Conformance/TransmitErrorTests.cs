using System.Net.Sockets;

namespace RxSockets.Conformance;

/// <summary>The errors of TransmitFile and TransmitPackets: the same on every engine, with the bytes that had left.</summary>
public class TransmitErrorTests
{
    public static TheoryData<EngineKind, CompletionScheduling> All => Engines.All;

    [Theory]
    [MemberData(nameof(All))]
    public async Task What_the_native_call_calls_invalid(EngineKind engine, CompletionScheduling scheduling)
    {
        await using var port = new TestPort(engine, scheduling);
        (RxConnection connection, Socket peer) = await port.AcceptPeerAsync();
        using var file = new TestFile(100);
        FileTransmitOptions[] invalid =
        [
            new() { Offset = 101 }, new() { Offset = -1 }, new() { Count = -1 }, new() { Count = 101 }, new() { Offset = 60, Count = 41 }, new() { Offset = long.MaxValue, Count = long.MaxValue },
            new() { BytesPerSend = -1 }, new() { Flags = TransmitFlags.ReuseSocket }, new() { Flags = TransmitFlags.WriteBehind | TransmitFlags.Disconnect },
            new() { Flags = TransmitFlags.WriteBehind | TransmitFlags.Disconnect | TransmitFlags.ReuseSocket }, new() { Flags = (TransmitFlags)0x80 },
        ];
        foreach (FileTransmitOptions options in invalid)
        {
            options.Head = "x"u8.ToArray();
            await Invalid(() => connection.TransmitFileAsync(file.Handle, options));
        }

        TransmitPacket packet = TransmitPacket.FromFile(file.Handle);
        await Invalid(() => connection.TransmitPacketsAsync(new[] { packet }, flags: TransmitFlags.WriteBehind));
        await Invalid(() => connection.TransmitPacketsAsync(new[] { packet }, flags: TransmitFlags.ReuseSocket));
        await Invalid(() => connection.TransmitPacketsAsync(new[] { packet }, sendSize: -2));
        await Invalid(() => connection.TransmitPacketsAsync(new[] { packet, TransmitPacket.FromFile(file.Handle, offset: 101) }));
        await Invalid(() => connection.TransmitPacketsAsync(new[] { packet, TransmitPacket.FromFile(file.Handle, offset: -2) }));
        await Invalid(() => connection.TransmitPacketsAsync(new[] { packet, TransmitPacket.FromFile(file.Handle, offset: 0, count: 101) }));

        // Nothing was sent by any of them, and the connection goes on.
        await connection.SendAsync("ok"u8.ToArray());
        Assert.Equal("ok"u8.ToArray(), await peer.ReceiveExactlyAsync(2));
        Assert.Equal(2, connection.BytesSent);
        await connection.DisposeAsync();
        peer.Dispose();
        Assert.False(file.Handle.IsClosed);
    }

    [Theory]
    [MemberData(nameof(All))]
    public async Task After_fin_disconnect_and_disposal(EngineKind engine, CompletionScheduling scheduling)
    {
        await using var port = new TestPort(engine, scheduling);
        using var file = new TestFile(100);
        (RxConnection connection, Socket peer) = await port.AcceptPeerAsync();
        await connection.CompleteWritesAsync();
        Assert.Equal(SocketError.Shutdown, (await Fails(() => connection.TransmitFileAsync(file.Handle))).SocketErrorCode);
        peer.Dispose();
        await connection.DisconnectAsync().Within();
        Assert.Equal(SocketError.NotConnected, (await Fails(() => connection.TransmitFileAsync(file.Handle))).SocketErrorCode);
        Assert.Equal(SocketError.NotConnected, (await Fails(() => connection.TransmitPacketsAsync(new[] { TransmitPacket.FromFile(file.Handle) }))).SocketErrorCode);
        await connection.DisposeAsync();
        await Assert.ThrowsAsync<ObjectDisposedException>(async () => await connection.TransmitFileAsync(file.Handle));
    }

    [Theory]
    [MemberData(nameof(All))]
    public async Task A_closed_file_is_refused_and_one_closed_during_the_transmit_stays_open_until_its_end(EngineKind engine, CompletionScheduling scheduling)
    {
        await using var port = new TestPort(engine, scheduling);
        (RxConnection connection, Socket peer) = await port.AcceptPeerAsync();
        using var file = new TestFile(16 << 20);
        Task<TransmitResult> transmitting = connection.TransmitFileAsync(file.Handle).AsTask();
        Assert.False(transmitting.IsCompleted);
        file.Handle.Dispose();
        Bytes.Same(file.Bytes, await peer.ReceiveExactlyAsync(file.Bytes.Length));
        await transmitting.Within();
        await Assert.ThrowsAsync<ObjectDisposedException>(async () => await connection.TransmitFileAsync(file.Handle));
        await connection.DisposeAsync();
        peer.Dispose();
    }

    [Theory]
    [MemberData(nameof(All))]
    public async Task A_file_that_shrinks_is_an_error_with_the_count(EngineKind engine, CompletionScheduling scheduling)
    {
        await using var port = new TestPort(engine, scheduling);
        (RxConnection connection, Socket peer) = await port.AcceptPeerAsync();
        const int Kept = 30 << 20;
        using var file = new TestFile(32 << 20);
        Task<TransmitResult> transmitting = connection.TransmitFileAsync(file.Handle, new FileTransmitOptions { Head = "head"u8.ToArray(), Tail = "tail"u8.ToArray() }).AsTask();
        file.SetLength(Kept);
        byte[] received = await peer.ReceiveExactlyAsync(4 + Kept);
        Bytes.Same(file.Bytes[..Kept], received[4..]);
        var error = await Assert.ThrowsAsync<TransmitException>(() => transmitting.Within());
        Assert.Equal(SocketError.InvalidArgument, error.SocketErrorCode);
        // TransmitFile of Windows sends its tail behind whatever it found of the file; the count tells.
        Assert.InRange(error.BytesTransmitted, 4 + Kept, 4 + Kept + (engine == EngineKind.Iocp ? 4 : 0));
        await peer.ReceiveExactlyAsync((int)(error.BytesTransmitted - 4 - Kept));
        // What the peer has is not whole, and it must not look so.
        await Assert.ThrowsAsync<SocketException>(async () => await connection.SendAsync(new byte[1]));
        Task<int> ending = peer.ReceiveAsync(new byte[1]);
        await connection.DisposeAsync();
        var reset = await Assert.ThrowsAsync<SocketException>(() => ending.Within());
        Assert.Equal(SocketError.ConnectionReset, reset.SocketErrorCode);
        Assert.Equal(ConnectionCloseReason.Aborted, (await connection.Closed.Within()).Reason);
        peer.Dispose();
    }

    [Theory]
    [MemberData(nameof(All))]
    public async Task A_cancelled_transmit_tells_how_much_left(EngineKind engine, CompletionScheduling scheduling)
    {
        if (engine == EngineKind.Managed)
            await RxSockets.Testing.Wine.SkipIfClosingKeepsSendsAsync();
        await using var port = new TestPort(engine, scheduling);
        (RxConnection connection, Socket peer) = await port.AcceptPeerAsync();
        using var file = new TestFile(64 << 20);
        using var cancelStarted = new CancellationTokenSource();
        using var cancelQueued = new CancellationTokenSource();
        Task<TransmitResult> started = connection.TransmitFileAsync(file.Handle, cancellationToken: cancelStarted.Token).AsTask();
        Task<TransmitResult> queued = connection.TransmitFileAsync(file.Handle, cancellationToken: cancelQueued.Token).AsTask();
        Task last = connection.SendAsync(new byte[10]).AsTask();
        await cancelQueued.CancelAsync();
        var withdrawn = await Assert.ThrowsAsync<TransmitCanceledException>(() => queued.Within());
        Assert.Equal(0, withdrawn.BytesTransmitted);
        Assert.Equal(cancelQueued.Token, withdrawn.CancellationToken);
        Assert.False(started.IsCompleted);

        byte[] first = await peer.ReceiveExactlyAsync(1000);
        Bytes.Same(file.Bytes[..1000], first);
        await cancelStarted.CancelAsync();
        var cancelled = await Assert.ThrowsAsync<TransmitCanceledException>(() => started.Within());
        Assert.InRange(cancelled.BytesTransmitted, 1000, file.Bytes.Length - 1);
        Assert.Equal(cancelled.BytesTransmitted, connection.BytesSent);
        await Assert.ThrowsAsync<SocketException>(() => last.Within());
        await connection.DisposeAsync();
        await connection.Closed.Within();
        peer.Dispose();

        using var before = new CancellationTokenSource();
        await before.CancelAsync();
        await Assert.ThrowsAsync<TransmitCanceledException>(async () => await connection.TransmitFileAsync(null, cancellationToken: before.Token));
    }

    [Theory]
    [MemberData(nameof(All))]
    public async Task The_bytes_told_are_those_that_arrive(EngineKind engine, CompletionScheduling scheduling)
    {
        Assert.SkipWhen(engine == EngineKind.Managed, "A cancelled send of System.Net.Sockets ends with its socket, by a reset: nothing more arrives.");
        await using var port = new TestPort(engine, scheduling);
        (RxConnection connection, Socket peer) = await port.AcceptPeerAsync();
        using var file = new TestFile(64 << 20);
        using var cancel = new CancellationTokenSource();
        Task<TransmitResult> transmitting = connection.TransmitFileAsync(file.Handle, cancellationToken: cancel.Token).AsTask();
        await peer.ReceiveExactlyAsync(5_000_000);
        await cancel.CancelAsync();
        long told = (await Assert.ThrowsAsync<TransmitCanceledException>(() => transmitting.Within())).BytesTransmitted;
        byte[] rest = await peer.ReceiveExactlyAsync((int)told - 5_000_000);
        Bytes.Same(file.Bytes[5_000_000..(int)told], rest);
        Assert.Equal(0, peer.Available);
        connection.Abort();
        peer.Dispose();
    }

    [Theory]
    [MemberData(nameof(All))]
    public async Task A_peer_that_resets_fails_the_transmit(EngineKind engine, CompletionScheduling scheduling)
    {
        await using var port = new TestPort(engine, scheduling);
        (RxConnection connection, Socket peer) = await port.AcceptPeerAsync();
        using var file = new TestFile(64 << 20);
        Task<TransmitResult> transmitting = connection.TransmitFileAsync(file.Handle).AsTask();
        await peer.ReceiveExactlyAsync(100_000);
        peer.Reset();
        var error = await Assert.ThrowsAsync<TransmitException>(() => transmitting.Within());
        Assert.Equal(SocketError.ConnectionReset, error.SocketErrorCode);
        Assert.InRange(error.BytesTransmitted, 100_000, file.Bytes.Length - 1);
        await connection.DisposeAsync();
        await connection.Closed.Within();
    }

    [Theory]
    [MemberData(nameof(All))]
    public async Task Abort_and_disposal_of_the_port_end_a_transmit(EngineKind engine, CompletionScheduling scheduling)
    {
        if (engine == EngineKind.Managed)
            await RxSockets.Testing.Wine.SkipIfClosingKeepsSendsAsync();
        using var file = new TestFile(64 << 20);
        await using var port = new TestPort(engine, scheduling, static options => options.CloseTimeout = TimeSpan.FromMilliseconds(200));
        (RxConnection aborted, Socket first) = await port.AcceptPeerAsync();
        Task<TransmitResult> transmitting = aborted.TransmitFileAsync(file.Handle).AsTask();
        aborted.Abort();
        var error = await Assert.ThrowsAsync<TransmitException>(() => transmitting.Within());
        Assert.Equal(SocketError.OperationAborted, error.SocketErrorCode);
        first.Dispose();

        (RxConnection left, Socket second) = await port.AcceptPeerAsync();
        transmitting = left.TransmitFileAsync(file.Handle).AsTask();
        await port.Port.DisposeAsync().AsTask().Within();
        await Assert.ThrowsAsync<TransmitException>(() => transmitting.Within());
        second.Dispose();
    }

    private static async Task Invalid(Func<ValueTask<TransmitResult>> transmit)
    {
        TransmitException error = await Fails(transmit);
        Assert.Equal(SocketError.InvalidArgument, error.SocketErrorCode);
        Assert.Equal(0, error.BytesTransmitted);
    }

    private static Task<TransmitException> Fails(Func<ValueTask<TransmitResult>> transmit) =>
        Assert.ThrowsAsync<TransmitException>(() => transmit().Within());
}
