using System.Diagnostics.Metrics;
using System.Net;
using System.Net.Sockets;
using System.Reactive.Linq;
using Microsoft.Extensions.Time.Testing;
using RxSockets.Testing;

namespace RxSockets.Conformance;

/// <summary>What the meter says of what happened; both ends of most connections here are on the port that is measured.</summary>
public class MetricsTests
{
    public static TheoryData<EngineKind, CompletionScheduling> All => Engines.All;

    [Theory]
    [MemberData(nameof(All))]
    public async Task Active_connections_go_up_and_down_and_bytes_are_those_that_were_sent(EngineKind engine, CompletionScheduling scheduling)
    {
        await using var port = new TestPort(engine, scheduling);
        using var measured = new Measured(port.Port);
        await using (RxListener listener = port.Listen())
        {
            Assert.Equal(1, measured.Sum("rxsockets.listener.active"));
            Task echo = TestPort.EchoAsync(listener);
            RxConnection client = await port.ConnectAsync(listener.LocalEndPoint).Within();
            for (int i = 0; i < 10; i++)
            {
                await client.SendAsync(new byte[100]).Within();
                for (int received = 0; received < 100;)
                    received += await client.ReceiveAsync(new byte[100]).Within();
            }

            Assert.Equal(2, measured.Sum("rxsockets.connection.active", "rxsockets.connection.state=open"));
            Assert.Equal((1, 1), (Opened("accepted"), Opened("connected")));
            Assert.Equal(2000, Bytes("receive"));
            // The client may have the last answer before the server has heard that it left.
            await Deadline.EventuallyAsync(() => Bytes("transmit") == 2000);

            await client.DisconnectAsync().Within();
            await client.DisposeAsync();
            await Deadline.EventuallyAsync(() => measured.Sum("rxsockets.connection.active") == 0);
            Assert.Equal(2, measured.Sum("rxsockets.connection.closed", "rxsockets.connection.close_reason=orderly"));
            Assert.Equal(2, measured.Sum("rxsockets.connection.closed"));
            // What has ended still counts.
            Assert.Equal((2000, 2000), (Bytes("receive"), Bytes("transmit")));
            await listener.DisposeAsync();
            await echo.Within();
        }

        Assert.Equal(0, measured.Sum("rxsockets.listener.active"));
        Assert.True(measured.Sum("rxsockets.operation.submitted") > 0);

        long Opened(string origin) => measured.Sum("rxsockets.connection.opened", "rxsockets.connection.origin=" + origin);
        long Bytes(string direction) => measured.Sum("rxsockets.connection.io", "network.io.direction=" + direction, "network.transport=tcp");
    }

    [Theory]
    [MemberData(nameof(All))]
    public async Task An_abort_and_the_reset_that_its_peer_sees_are_two_reasons(EngineKind engine, CompletionScheduling scheduling)
    {
        await using var port = new TestPort(engine, scheduling);
        using var measured = new Measured(port.Port);
        await using RxListener listener = port.Listen();
        Task<RxConnection> accepting = listener.AcceptAsync().AsTask();
        await using RxConnection client = await port.ConnectAsync(listener.LocalEndPoint).Within();
        await using RxConnection accepted = await accepting.Within();
        Task<int> reading = accepted.ReceiveAsync(new byte[1]).AsTask();
        client.Abort();
        await Assert.ThrowsAsync<SocketException>(() => reading.Within());
        await Task.WhenAll(client.Closed, accepted.Closed).Within();
        Assert.Equal(1, measured.Sum("rxsockets.connection.closed", "rxsockets.connection.close_reason=aborted"));
        Assert.Equal(1, measured.Sum("rxsockets.connection.closed", "rxsockets.connection.close_reason=peer_reset", "error.type=connection_reset"));
        Assert.Equal(2, measured.Sum("rxsockets.connection.closed"));
    }

    [Theory]
    [MemberData(nameof(All))]
    public async Task Dropped_connections_are_counted_by_rule(EngineKind engine, CompletionScheduling scheduling)
    {
        var time = new FakeTimeProvider();
        await using var port = new TestPort(engine, scheduling);
        using var measured = new Measured(port.Port);
        await using RxListener listener = port.Listen();
        var accepted = new TaskCompletionSource<RxConnection>();
        using IDisposable serving = listener.Accepted.DropSilent(TimeSpan.FromSeconds(0.2), time).Subscribe(accepted.SetResult);
        await using RxConnection client = await port.ConnectAsync(listener.LocalEndPoint).Within();
        RxConnection silent = await accepted.Task.Within();
        Assert.Equal(0, measured.Sum("rxsockets.connection.dropped"));
        // The sweep keeps the time of its own clock, and asks for the age by the system's before it drops.
        await Deadline.EventuallyAsync(() =>
        {
            time.Advance(TimeSpan.FromSeconds(1));
            return silent.Closed.IsCompleted;
        });
        Assert.Equal(ConnectionCloseReason.Dropped, (await silent.Closed).Reason);
        Assert.Equal(1, measured.Sum("rxsockets.connection.dropped", "rxsockets.connection.drop_rule=silent"));
        Assert.Equal(1, measured.Sum("rxsockets.connection.dropped"));
        Assert.Equal(1, measured.Sum("rxsockets.connection.closed", "rxsockets.connection.close_reason=dropped"));
    }

    [Theory]
    [MemberData(nameof(All))]
    public async Task Clients_without_a_first_block_are_dropped_by_the_listener(EngineKind engine, CompletionScheduling scheduling)
    {
        await using var port = new TestPort(engine, scheduling);
        using var measured = new Measured(port.Port);
        await using (RxListener listener = port.Listen(static options =>
        {
            options.FirstDataBytes = 4;
            options.MaxPendingFirstData = 2;
        }))
        {
            Task<RxConnection> accepting = listener.AcceptAsync().AsTask();
            List<RxConnection> silent = [];
            for (int i = 0; i < 5; i++)
                silent.Add(await port.ConnectAsync(listener.LocalEndPoint).Within());
            await Deadline.EventuallyAsync(() => Dropped() == 3);
            foreach (RxConnection connection in silent)
                connection.Abort();
            await using RxConnection talking = await port.ConnectAsync(listener.LocalEndPoint, "x"u8.ToArray()).Within();
            await using RxConnection delivered = await accepting.Within();
        }

        Assert.True(Dropped() >= 3);

        long Dropped() => measured.Sum("rxsockets.connection.dropped", "rxsockets.connection.drop_rule=first_data");
    }

    [Theory]
    [MemberData(nameof(All))]
    public async Task A_refused_connect_is_counted_by_its_error(EngineKind engine, CompletionScheduling scheduling)
    {
        await using var port = new TestPort(engine, scheduling);
        using var measured = new Measured(port.Port);
        await Assert.ThrowsAsync<SocketException>(() => port.ConnectAsync(Peers.NobodyListens()).Within());
        Assert.Equal(1, measured.Sum("rxsockets.connect.errors", "error.type=connection_refused"));
        await Deadline.EventuallyAsync(() => measured.Sum("rxsockets.connection.active", "rxsockets.connection.state=connecting") == 0);
    }

    [Theory]
    [MemberData(nameof(All))]
    public async Task A_handler_that_throws_is_counted_logged_and_raised(EngineKind engine, CompletionScheduling scheduling)
    {
        var log = new RecordedLog();
        await using var port = new TestPort(engine, scheduling, options => options.LoggerFactory = log);
        using var measured = new Measured(port.Port);
        await using RxListener listener = port.Listen();
        Task<RxConnection> accepting = listener.AcceptAsync().AsTask();
        await using RxConnection client = await port.ConnectAsync(listener.LocalEndPoint, "x"u8.ToArray()).Within();
        await using RxConnection accepted = await accepting.Within();
        using IDisposable reading = accepted.Received.Subscribe(static _ => throw new InvalidOperationException("thrown by the test"), static _ => { });
        Assert.Equal(ConnectionCloseReason.HandlerFailed, (await accepted.Closed.Within()).Reason);
        Assert.Equal(1, measured.Sum("rxsockets.handler.exceptions"));
        Assert.Equal("thrown by the test", Assert.Single(log.Of("HandlerFailed")).Error!.Message);
        Assert.Contains("thrown by the test", Assert.Single(log.Of("ConnectionEnded"), static line => line.Text.Contains("HandlerFailed")).Text);
        Assert.Single(port.TakeUnhandled());
    }

    [Theory]
    [MemberData(nameof(All))]
    public async Task Datagrams_are_counted(EngineKind engine, CompletionScheduling scheduling)
    {
        await using var port = new TestPort(engine, scheduling);
        using var measured = new Measured(port.Port);
        await using (var receiver = RxDatagramSocket.Bind(new IPEndPoint(IPAddress.Loopback, 0), new DatagramOptions { CompletionPort = port.Port }))
        await using (var sender = RxDatagramSocket.Bind(new IPEndPoint(IPAddress.Loopback, 0), new DatagramOptions { CompletionPort = port.Port }))
        {
            Assert.Equal(2, measured.Sum("rxsockets.datagram.sockets"));
            await using IAsyncEnumerator<ReceivedDatagram> reader = receiver.ReceiveAllAsync().GetAsyncEnumerator();
            for (int i = 0; i < 3; i++)
            {
                ValueTask<bool> next = reader.MoveNextAsync();
                await sender.SendToAsync(new byte[10], receiver.LocalEndPoint).Within();
                Assert.True(await next.Within());
            }
        }

        Assert.Equal(0, measured.Sum("rxsockets.datagram.sockets"));
        Assert.Equal(3, measured.Sum("rxsockets.datagram.count", "network.io.direction=receive"));
        Assert.Equal(3, measured.Sum("rxsockets.datagram.count", "network.io.direction=transmit"));
    }

    [Theory]
    [MemberData(nameof(All))]
    public async Task Rounds_of_loops_are_recorded_while_somebody_listens(EngineKind engine, CompletionScheduling scheduling)
    {
        await using var port = new TestPort(engine, scheduling);
        using var measured = new Measured(port.Port);
        await using RxListener listener = port.Listen();
        Task echo = TestPort.EchoAsync(listener);
        await using RxConnection client = await port.ConnectAsync(listener.LocalEndPoint, new byte[1]).Within();
        Assert.Equal(1, await client.ReceiveAsync(new byte[1]).Within());
        bool hasLoops = port.Port.Core.Engine.Loops.Count > 0;
        Assert.Equal(hasLoops, measured.Recorded("rxsockets.loop.batch.size") > 0);
        // The handler that runs now is in a batch whose end is not there yet; the one before it has ended.
        Assert.Equal(hasLoops && scheduling == CompletionScheduling.Inline, measured.Recorded("rxsockets.loop.batch.duration") > 0);
        await listener.DisposeAsync();
        await client.DisposeAsync();
        await echo.Within();
    }

    [Fact]
    public async Task A_port_can_be_measured_by_a_meter_of_the_hosts_own()
    {
        using var factory = new HostMeters();
        var options = new CompletionPortOptions { Engine = EngineKind.Managed, MeterFactory = factory };
        await using var first = CompletionPort.Create(options);
        await using var second = CompletionPort.Create(options);
        await using RxListener listener = RxListener.Bind(new IPEndPoint(IPAddress.Loopback, 0), new ListenerOptions { CompletionPort = second });
        using var measured = new Measured(second, scope: factory);
        Assert.Equal(1, measured.Sum("rxsockets.listener.active"));
        using var other = new Measured(first, scope: factory);
        Assert.Equal(0, other.Sum("rxsockets.listener.active"));
        using var process = new Measured(second);
        Assert.Equal(0, process.Sum("rxsockets.listener.active"));
    }

    /// <summary>What Microsoft.Extensions.Diagnostics does: one meter per name.</summary>
    private sealed class HostMeters : IMeterFactory
    {
        private Meter? _meter;

        public Meter Create(MeterOptions options)
        {
            Assert.Equal("RxSockets", options.Name);
            options.Scope = this;
            return _meter ??= new Meter(options);
        }

        public void Dispose() => _meter?.Dispose();
    }
}
