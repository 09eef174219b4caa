using System.Net;
using System.Net.Sockets;

namespace RxSockets.Conformance;

/// <summary>The pool of handles for clients.</summary>
public class SocketPoolTests
{
    public static TheoryData<EngineKind, CompletionScheduling> All => Engines.All;

    [Theory]
    [MemberData(nameof(All))]
    public async Task Handles_go_round_up_to_the_limit(EngineKind engine, CompletionScheduling scheduling)
    {
        if (engine == EngineKind.Iocp)
            RxSockets.Testing.Wine.SkipIfHandlesStayUsed();
        await using var port = new TestPort(engine, scheduling);
        await using var pool = new SocketPool(new SocketPoolOptions { MaxIdle = 2, Connect = new ConnectOptions { CompletionPort = port.Port } });
        using Socket listener = Peers.Listen();
        List<(RxConnection Client, Socket Peer)> pairs = [];
        for (int i = 0; i < 3; i++)
            pairs.Add((await pool.ConnectAsync(listener.LocalEndPoint!, new[] { (byte)i }).AsTask().Within(), await listener.AcceptAsync().Within()));
        Assert.Equal((3, 0), (pool.Made, pool.Reused));
        for (int i = 0; i < pairs.Count; i++)
        {
            // Read first: closing with unread data would reset.
            Assert.Equal([(byte)i], await pairs[i].Peer.ReceiveExactlyAsync(1));
            pairs[i].Peer.Dispose();
        }

        bool[] kept = [.. await Task.WhenAll(pairs.Select(pair => pool.ReturnAsync(pair.Client).AsTask())).Within()];
        Assert.Equal(2, kept.Count(static one => one));
        Assert.Equal(2, pool.Idle);
        // What was returned is of no use to whoever still holds it.
        await Assert.ThrowsAsync<ObjectDisposedException>(async () => await pairs[0].Client.SendAsync(new byte[1]));
        await Assert.ThrowsAsync<ObjectDisposedException>(async () => await pairs[0].Client.ReconnectAsync(listener.LocalEndPoint!));

        RxConnection again = await pool.ConnectAsync(listener.LocalEndPoint!, "new"u8.ToArray()).AsTask().Within();
        using Socket other = await listener.AcceptAsync().Within();
        Assert.Equal("new"u8.ToArray(), await other.ReceiveExactlyAsync(3));
        Assert.Equal(1, pool.Reused);
        Assert.Equal(1, pool.Idle);
        other.Shutdown(SocketShutdown.Send);
        Assert.True(await pool.ReturnAsync(again).AsTask().Within());
        await pool.DisposeAsync();
        Assert.Equal(0, pool.Idle);
        await Assert.ThrowsAsync<ObjectDisposedException>(async () => await pool.ConnectAsync(listener.LocalEndPoint!));
    }

    [Theory]
    [MemberData(nameof(All))]
    public async Task What_cannot_be_kept_is_closed_and_a_failed_connect_costs_nothing(EngineKind engine, CompletionScheduling scheduling)
    {
        RxSockets.Testing.Wine.SkipIfResetsAreLost();
        await using var port = new TestPort(engine, scheduling, static options => options.CloseTimeout = TimeSpan.FromMilliseconds(400));
        var options = new SocketPoolOptions { ReuseTimeout = TimeSpan.FromMilliseconds(100), Connect = new ConnectOptions { CompletionPort = port.Port } };
        await using var pool = new SocketPool(options);
        using Socket listener = Peers.Listen();
        RxConnection silent = await pool.ConnectAsync(listener.LocalEndPoint!).AsTask().Within();
        using Socket open = await listener.AcceptAsync().Within();
        Assert.False(await pool.ReturnAsync(silent).AsTask().Within());
        await silent.Closed.Within();

        RxConnection reset = await pool.ConnectAsync(listener.LocalEndPoint!).AsTask().Within();
        Socket peer = await listener.AcceptAsync().Within();
        peer.Reset();
        Assert.False(await pool.ReturnAsync(reset).AsTask().Within());

        RxConnection fine = await pool.ConnectAsync(listener.LocalEndPoint!).AsTask().Within();
        peer = await listener.AcceptAsync().Within();
        peer.Dispose();
        Assert.True(await pool.ReturnAsync(fine).AsTask().Within());
        EndPoint gone = Peers.NobodyListens();
        var error = await Assert.ThrowsAsync<SocketException>(() => pool.ConnectAsync(gone).Within());
        Assert.Equal(SocketError.ConnectionRefused, error.SocketErrorCode);
        Assert.Equal(1, pool.Idle);

        // Another family has handles of its own, and what came from accept is not for connecting.
        await Assert.ThrowsAsync<SocketException>(() => pool.ConnectAsync(new IPEndPoint(IPAddress.IPv6Loopback, ((IPEndPoint)gone).Port)).Within());
        Assert.Equal(1, pool.Idle);
        (RxConnection accepted, Socket client) = await port.AcceptPeerAsync();
        client.Dispose();
        Assert.False(await pool.ReturnAsync(accepted).AsTask().Within());
        await using var elsewhere = new TestPort(engine, scheduling);
        (RxConnection foreign, Socket far) = await elsewhere.AcceptPeerAsync();
        await Assert.ThrowsAsync<ArgumentException>(async () => await pool.ReturnAsync(foreign));
        far.Dispose();
    }
}
