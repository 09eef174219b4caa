using System.Net;
using System.Net.Sockets;

namespace RxSockets.Conformance;

/// <summary>DisconnectEx's table: handles that carry one connection after the other, and nothing of one seen by the next.</summary>
[Collection(nameof(Crowded))]
public class ReuseTests
{
    public static TheoryData<EngineKind, CompletionScheduling> All => Engines.All;

    [Theory]
    [MemberData(nameof(All))]
    public async Task A_reconnect_is_a_new_life_on_the_same_handle(EngineKind engine, CompletionScheduling scheduling)
    {
        if (engine == EngineKind.Iocp)
            RxSockets.Testing.Wine.SkipIfHandlesStayUsed();
        await using var port = new TestPort(engine, scheduling);
        using Socket first = Peers.Listen();
        using Socket second = Peers.Listen();
        await using RxConnection connection = await port.ConnectAsync(first.LocalEndPoint!, "one"u8.ToArray()).AsTask().Within();
        using Socket firstPeer = await first.AcceptAsync().Within();
        await firstPeer.ReceiveExactlyAsync(3);
        // A simulated one has none; Managed cannot keep it.
        bool keepsHandle = engine is not (EngineKind.Managed or EngineKind.Simulated);
        nint handle = keepsHandle ? connection.SafeHandle.DangerousGetHandle() : 0;
        EndPoint firstLocal = connection.LocalEndPoint!;
        Task<ConnectionClosure> firstClosed = connection.Closed;
        IAsyncEnumerable<ReceivedSegment> firstStream = connection.ReceiveAllAsync();
        connection.NoDelay = false;
        connection.KeepAlive = true;
        connection.KeepAliveTime = TimeSpan.FromSeconds(11);
        int defaultBuffer = connection.SendBufferSize;
        connection.SendBufferSize = 20_000;
        await firstPeer.SendAsync("never read"u8.ToArray()).Within();
        firstPeer.Shutdown(SocketShutdown.Send);
        Assert.True(await connection.DisconnectAsync(reuseSocket: true).AsTask().Within());
        Assert.Equal(ConnectionCloseReason.Orderly, (await firstClosed.Within()).Reason);
        Assert.Equal(10, (await firstClosed).BytesReceived);
        Assert.Null(connection.ConnectTime);
        Assert.Equal(SocketError.NotConnected, (await Assert.ThrowsAsync<SocketException>(async () => await connection.SendAsync(new byte[1]))).SocketErrorCode);
        Assert.Equal(0, await firstPeer.ReceiveAsync(new byte[1]).Within());

        await connection.ReconnectAsync(second.LocalEndPoint!, "two!"u8.ToArray()).AsTask().Within();
        using Socket secondPeer = await second.AcceptAsync().Within();
        Assert.Equal("two!"u8.ToArray(), await secondPeer.ReceiveExactlyAsync(4));
        if (keepsHandle)
            Assert.Equal(handle, connection.SafeHandle.DangerousGetHandle());
        Assert.Equal(4, connection.FirstDataSent);
        Assert.Equal(second.LocalEndPoint, connection.RemoteEndPoint);
        Assert.Equal(secondPeer.RemoteEndPoint, connection.LocalEndPoint);
        Assert.NotEqual(firstLocal, connection.LocalEndPoint);
        Assert.NotSame(firstClosed, connection.Closed);
        Assert.False(connection.Closed.IsCompleted);
        Assert.InRange(connection.ConnectTime!.Value, TimeSpan.Zero, TimeSpan.FromSeconds(20));
        Assert.Equal(0, connection.BytesReceived);
        Assert.True(connection.NoDelay);
        Assert.False(connection.KeepAlive);
        Assert.NotEqual(TimeSpan.FromSeconds(11), connection.KeepAliveTime);
        Assert.Equal(defaultBuffer, connection.SendBufferSize);

        // The stream of the first life ended with it; it was discarded, so nothing of it is read.
        await foreach (ReceivedSegment _ in firstStream)
            Assert.Fail("a byte of the former connection");
        await secondPeer.SendAsync("hello"u8.ToArray()).Within();
        byte[] answer = new byte[10];
        Assert.Equal(5, await connection.ReceiveAsync(answer).AsTask().Within());
        Assert.Equal("hello"u8.ToArray(), answer[..5]);
    }

    [Theory]
    [MemberData(nameof(All))]
    public async Task Errors_are_clear(EngineKind engine, CompletionScheduling scheduling)
    {
        if (engine == EngineKind.Iocp)
            RxSockets.Testing.Wine.SkipIfHandlesStayUsed();
        await using var port = new TestPort(engine, scheduling);
        using Socket listener = Peers.Listen();
        await using RxConnection connection = await port.ConnectAsync(listener.LocalEndPoint!).AsTask().Within();
        Socket peer = await listener.AcceptAsync().Within();
        await Throws(SocketError.IsConnected, () => connection.ReconnectAsync(listener.LocalEndPoint!));
        peer.Dispose();
        Assert.True(await connection.DisconnectAsync(reuseSocket: true).AsTask().Within());
        await Throws(SocketError.NotConnected, async () => await connection.DisconnectAsync(reuseSocket: true));
        await Throws(SocketError.AddressFamilyNotSupported, () => connection.ReconnectAsync(new IPEndPoint(IPAddress.IPv6Loopback, 1)));
        if (Socket.OSSupportsUnixDomainSockets)
            await Throws(SocketError.AddressFamilyNotSupported, () => connection.ReconnectAsync(new UnixDomainSocketEndPoint("/nowhere")));

        // A refused one leaves the handle for another try.
        EndPoint gone = Peers.NobodyListens();
        await Throws(SocketError.ConnectionRefused, () => connection.ReconnectAsync(gone, "x"u8.ToArray()));
        await connection.ReconnectAsync(listener.LocalEndPoint!, "y"u8.ToArray()).AsTask().Within();
        peer = await listener.AcceptAsync().Within();
        Assert.Equal("y"u8.ToArray(), await peer.ReceiveExactlyAsync(1));
        peer.Dispose();

        // What came from accept goes back to accept only.
        (RxConnection accepted, Socket client) = await port.AcceptPeerAsync();
        client.Dispose();
        await accepted.DisconnectAsync(reuseSocket: true).AsTask().Within();
        await Throws(SocketError.InvalidArgument, () => accepted.ReconnectAsync(listener.LocalEndPoint!));
        await accepted.DisposeAsync();
        await Assert.ThrowsAsync<ObjectDisposedException>(async () => await accepted.ReconnectAsync(listener.LocalEndPoint!));
        await Assert.ThrowsAsync<ArgumentNullException>(async () => await accepted.ReconnectAsync(null!));
    }

    [Theory]
    [MemberData(nameof(All))]
    public async Task Unix_sockets_have_no_reuse(EngineKind engine, CompletionScheduling scheduling)
    {
        Assert.SkipUnless(Socket.OSSupportsUnixDomainSockets, "This system has no Unix sockets (Wine: error 10047 from WSASocket).");
        await using var port = new TestPort(engine, scheduling);
        string path = Path.Combine(Path.GetTempPath(), "rx-" + Guid.NewGuid().ToString("N") + ".sock");
        await using RxListener listener = port.Listen(endPoint: new UnixDomainSocketEndPoint(path));
        ValueTask<RxConnection> accepting = listener.AcceptAsync();
        await using RxConnection connection = await port.ConnectAsync(listener.LocalEndPoint).AsTask().Within();
        await using RxConnection peer = await accepting.AsTask().Within();
        await Throws(SocketError.OperationNotSupported, async () => await connection.DisconnectAsync(reuseSocket: true));
        // Refused before anything was done.
        await connection.SendAsync("on"u8.ToArray());
        Assert.Equal(2, await peer.ReceiveAsync(new byte[2]).AsTask().Within());
    }

    [Theory]
    [MemberData(nameof(All))]
    public async Task A_peer_that_does_not_end_costs_the_handle(EngineKind engine, CompletionScheduling scheduling)
    {
        await using var port = new TestPort(engine, scheduling, static options => options.CloseTimeout = TimeSpan.FromMilliseconds(200));
        using Socket listener = Peers.Listen();
        await using RxConnection connection = await port.ConnectAsync(listener.LocalEndPoint!).AsTask().Within();
        using Socket peer = await listener.AcceptAsync().Within();
        Assert.False(await connection.DisconnectAsync(reuseSocket: true).AsTask().Within());
        await Throws(SocketError.NotSocket, () => connection.ReconnectAsync(listener.LocalEndPoint!));
        Assert.Equal(ConnectionCloseReason.CloseTimeout, (await connection.Closed.Within()).Reason);

        await using RxConnection reset = await port.ConnectAsync(listener.LocalEndPoint!).AsTask().Within();
        Socket other = await listener.AcceptAsync().Within();
        Task<bool> disconnecting = reset.DisconnectAsync(reuseSocket: true).AsTask();
        other.Reset();
        Assert.False(await disconnecting.Within());
    }

    [Theory]
    [MemberData(nameof(All))]
    public async Task Kept_handles_are_closed_with_their_connection_or_port(EngineKind engine, CompletionScheduling scheduling)
    {
        if (engine == EngineKind.Iocp)
            RxSockets.Testing.Wine.SkipIfHandlesStayUsed();
        var port = new TestPort(engine, scheduling);
        using Socket listener = Peers.Listen();
        RxConnection first = await DisconnectedAsync();
        // The connection leaves the port a moment after its waiters were told; the handle that was kept stays.
        await MembersAsync(1);
        await first.DisposeAsync();
        await MembersAsync(0);
        await Assert.ThrowsAsync<ObjectDisposedException>(async () => await first.ReconnectAsync(listener.LocalEndPoint!));
        RxConnection second = await DisconnectedAsync();
        // Else the port's end may still find the connection, and disposes of it.
        await MembersAsync(1);
        await port.DisposeAsync();
        await Assert.ThrowsAsync<SocketException>(async () => await second.ReconnectAsync(listener.LocalEndPoint!));

        async Task MembersAsync(int count)
        {
            while (port.Port.Core.MemberCount != count)
            {
                TestContext.Current.CancellationToken.ThrowIfCancellationRequested();
                await Task.Yield();
            }
        }

        async Task<RxConnection> DisconnectedAsync()
        {
            RxConnection connection = await port.ConnectAsync(listener.LocalEndPoint!).AsTask().Within();
            (await listener.AcceptAsync().Within()).Dispose();
            Assert.True(await connection.DisconnectAsync(reuseSocket: true).AsTask().Within());
            return connection;
        }
    }

    [Theory]
    [MemberData(nameof(All))]
    [RxSockets.Testing.TestDeadline(240)]
    public async Task Ten_thousand_reconnects_show_no_byte_of_an_earlier_connection(EngineKind engine, CompletionScheduling scheduling)
    {
        if (engine == EngineKind.Iocp)
            RxSockets.Testing.Wine.SkipIfHandlesStayUsed();
        int rounds = RxSockets.Testing.Wine.Scaled(2500, underWine: 50);
        const int Clients = 4;
        await using var port = new TestPort(engine, scheduling, static options => options.CloseTimeout = TimeSpan.FromSeconds(RxSockets.Testing.Wine.Scaled(5, underWine: 60)));
        await using RxListener listener = port.Listen();
        Task serving = listener.AcceptAllAsync().ForEachConnectionAsync(AnswerAsync);
        int descriptors = Directory.Exists("/proc/self/fd") ? Directory.GetFiles("/proc/self/fd").Length : 0;
        await Task.WhenAll(Enumerable.Range(0, Clients).Select(i => Task.Run(() => ReconnectAsync(i)))).WaitAsync(TimeSpan.FromSeconds(200));
        if (descriptors > 0)
            Assert.InRange(Directory.GetFiles("/proc/self/fd").Length, 0, descriptors + 50);
        await listener.DisposeAsync();
        await serving.Within();

        // Every connection: a random block goes, another one unlike it comes back and is only half read, the rest is left lying.
        async Task ReconnectAsync(int client)
        {
            var random = new Random(client);
            byte[] block = new byte[512];
            byte[] answer = new byte[512];
            RxConnection? connection = null;
            for (int i = 0; i < rounds; i++)
            {
                random.NextBytes(block);
                if (connection is null)
                    connection = await port.ConnectAsync(listener.LocalEndPoint, block);
                else
                    await connection.ReconnectAsync(listener.LocalEndPoint, block);
                int wanted = 1 + random.Next(block.Length);
                for (int at = 0; at < wanted;)
                {
                    int count = await connection.ReceiveAsync(answer.AsMemory(at, wanted - at));
                    Assert.NotEqual(0, count);
                    at += count;
                }

                for (int at = 0; at < wanted; at++)
                    Assert.Equal((byte)~block[at], answer[at]);
                Assert.True(await connection.DisconnectAsync(reuseSocket: true), $"round {i}");
            }

            await connection!.DisposeAsync();
        }

        static async Task AnswerAsync(RxConnection connection)
        {
            byte[] block = new byte[512];
            for (int at = 0; at < block.Length;)
            {
                int count = await connection.ReceiveAsync(block.AsMemory(at));
                Assert.NotEqual(0, count);
                at += count;
            }

            for (int i = 0; i < block.Length; i++)
                block[i] = (byte)~block[i];
            await connection.SendAsync(block);
            Assert.Equal(0, await connection.ReceiveAsync(new byte[1]));
        }
    }

    private static async Task Throws(SocketError expected, Func<ValueTask> call)
    {
        var error = await Assert.ThrowsAsync<SocketException>(() => call().Within());
        Assert.Equal(expected, error.SocketErrorCode);
    }
}
