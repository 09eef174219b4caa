using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Threading.Channels;

namespace RxSockets.Conformance;

/// <summary>The client side over real sockets.</summary>
public class ConnectorTests
{
    private static readonly Backoff s_brief = new() { First = TimeSpan.FromMilliseconds(5), Longest = TimeSpan.FromMilliseconds(20) };

    public static TheoryData<EngineKind, CompletionScheduling> All => Engines.All;

    [Theory]
    [MemberData(nameof(All))]
    public async Task A_client_comes_back_whenever_its_connection_is_gone(EngineKind engine, CompletionScheduling scheduling)
    {
        await using var port = new TestPort(engine, scheduling);
        RxListener listener = port.Listen();
        EndPoint endPoint = listener.LocalEndPoint;
        await listener.DisposeAsync();
        var connections = Channel.CreateUnbounded<RxConnection>();
        var failures = new ConcurrentQueue<Exception>();
        using (RxConnector.Connections(endPoint, s_brief, new ConnectOptions { CompletionPort = port.Port }, onFailure: failures.Enqueue).Subscribe(connection => connections.Writer.TryWrite(connection)))
        {
            // Nobody listens yet.
            await Deadline.EventuallyAsync(() => failures.Count >= 3);
            await using RxListener later = port.Listen(endPoint: endPoint);
            for (int i = 0; i < 5; i++)
            {
                await using RxConnection server = await later.AcceptAsync().Within();
                RxConnection client = await connections.Reader.ReadAsync().Within();
                await server.SendAsync("x"u8.ToArray()).Within();
                Assert.Equal(1, await client.ReceiveAsync(new byte[1]).Within());
                server.Abort();
                await client.DisposeAsync();
            }
        }

        // The last try may have connected before the listener was gone.
        while (connections.Reader.TryRead(out RxConnection? rest))
            await rest.DisposeAsync();
        Assert.All(failures, static error => Assert.IsType<SocketException>(error));
    }

    [Theory]
    [MemberData(nameof(All))]
    public async Task Pulled_too(EngineKind engine, CompletionScheduling scheduling)
    {
        await using var port = new TestPort(engine, scheduling);
        await using RxListener listener = port.Listen();
        Task serving = listener.AcceptAllAsync().ForEachConnectionAsync(static _ => Task.CompletedTask);
        int count = 0;
        await foreach (RxConnection connection in RxConnector.ConnectAllAsync(listener.LocalEndPoint, s_brief, new ConnectOptions { CompletionPort = port.Port }))
        {
            await using (connection)
                Assert.Equal(0, await connection.ReceiveAsync(new byte[1]).Within());
            if (++count == 5)
                break;
        }

        await listener.DisposeAsync();
        await serving.Within();
    }

    [Theory]
    [MemberData(nameof(All))]
    public async Task A_host_is_reached_at_the_first_address_that_answers(EngineKind engine, CompletionScheduling scheduling)
    {
        await using var port = new TestPort(engine, scheduling);
        await using RxListener listener = port.Listen();
        int number = ((IPEndPoint)listener.LocalEndPoint).Port;
        var options = new HostConnectOptions
        {
            Connect = new ConnectOptions { CompletionPort = port.Port },
            // Nobody listens at the first two.
            Resolve = static (_, _) => Task.FromResult(new[] { IPAddress.Parse("127.0.0.2"), IPAddress.IPv6Loopback, IPAddress.Loopback }),
        };
        RxConnection client = await RxConnector.ConnectAsync("somewhere.example", number, options).Within();
        Assert.Equal(new IPEndPoint(IPAddress.Loopback, number), client.RemoteEndPoint);
        RxConnection server = await listener.AcceptAsync().Within();
        await client.DisposeAsync();
        await server.DisposeAsync();

        options.Resolve = null;
        await using (RxConnection literal = await RxConnector.ConnectAsync("127.0.0.1", number, options).Within())
        await using (RxConnection other = await listener.AcceptAsync().Within())
            Assert.NotNull(literal.ConnectTime);
        options.Resolve = static (_, _) => Task.FromResult(new[] { IPAddress.Parse("127.0.0.2"), IPAddress.Parse("127.0.0.3") });
        var error = await Assert.ThrowsAsync<SocketException>(() => RxConnector.ConnectAsync("nowhere.example", number, options).Within());
        Assert.Equal(SocketError.ConnectionRefused, error.SocketErrorCode);
    }

    [Theory]
    [MemberData(nameof(All))]
    public async Task A_host_that_is_never_resolved_times_out(EngineKind engine, CompletionScheduling scheduling)
    {
        await using var port = new TestPort(engine, scheduling);
        var options = new HostConnectOptions
        {
            Connect = new ConnectOptions { CompletionPort = port.Port },
            Timeout = TimeSpan.FromMilliseconds(50),
            Resolve = static async (_, token) =>
            {
                await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, token);
                return [];
            },
        };
        await Assert.ThrowsAsync<TimeoutException>(() => RxConnector.ConnectAsync("slow.example", 1, options).Within());
        using var stop = new CancellationTokenSource();
        options.Timeout = TimeSpan.FromMinutes(1);
        Task<RxConnection> connecting = RxConnector.ConnectAsync("slow.example", 1, options, stop.Token).AsTask();
        await stop.CancelAsync();
        var error = await Assert.ThrowsAnyAsync<OperationCanceledException>(() => connecting.Within());
        Assert.Equal(stop.Token, error.CancellationToken);
    }

    [Theory]
    [MemberData(nameof(All))]
    public async Task A_receive_that_times_out_loses_nothing(EngineKind engine, CompletionScheduling scheduling)
    {
        await using var port = new TestPort(engine, scheduling);
        (RxConnection connection, Socket peer) = await port.AcceptPeerAsync();
        byte[] memory = new byte[10];
        for (int i = 0; i < 5; i++)
        {
            await Assert.ThrowsAsync<TimeoutException>(() => connection.ReceiveAsync(memory, TimeSpan.FromMilliseconds(10)).Within());
            await peer.SendAsync(new[] { (byte)i }).Within();
            Assert.Equal(1, await connection.ReceiveAsync(memory, TimeSpan.FromSeconds(20)).Within());
            Assert.Equal(i, memory[0]);
        }

        using var stop = new CancellationTokenSource();
        Task<int> receiving = connection.ReceiveAsync(memory, TimeSpan.FromMinutes(1), stop.Token).AsTask();
        await stop.CancelAsync();
        var error = await Assert.ThrowsAnyAsync<OperationCanceledException>(() => receiving.Within());
        Assert.Equal(stop.Token, error.CancellationToken);
        await connection.SendAsync(memory, TimeSpan.FromSeconds(20)).Within();
        Assert.Equal(10, (await peer.ReceiveExactlyAsync(10)).Length);
        // A peer that does not read: the send cannot end.
        await Assert.ThrowsAsync<TimeoutException>(() => connection.SendAsync(new byte[64 << 20], TimeSpan.FromMilliseconds(200)).Within());
        connection.Abort();
        await connection.DisposeAsync();
        peer.Dispose();
    }
}
