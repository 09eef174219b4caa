using System.Net.Sockets;
using System.Text;
using RxSockets.Sockets;
using RxSockets.Streams;
using RxSockets.Tests.Testing;

namespace RxSockets.Tests.Sockets;

/// <summary>The state machines of a connection over an engine that does what the test says.</summary>
public class ConnectionTests
{
    private readonly FakeEngine _engine = new();
    private readonly FakeSocket _socket;
    private readonly Connection _connection;

    public ConnectionTests()
    {
        _socket = new FakeSocket(_engine);
        _connection = new Connection(_engine.Port, _socket);
    }

    private ItemEnumerator<ReceivedSegment> Read(CancellationToken token = default) => new(_connection.Receive, token, null);

    private static string Text(ReceivedSegment segment) => Encoding.ASCII.GetString(segment.Memory.Span);

    [Fact]
    public void Nothing_is_received_before_a_reader_wants()
    {
        Assert.False(_socket.ReceiveStarted);
        _ = Read().MoveNextAsync();
        Assert.True(_socket.ReceiveStarted);
    }

    [Fact]
    public async Task A_reader_that_leaves_leaves_the_rest_to_the_next()
    {
        ItemEnumerator<ReceivedSegment> first = Read();
        ValueTask<bool> pending = first.MoveNextAsync();
        _socket.BringData("a");
        _socket.BringData("b");
        _engine.RunAll();
        Assert.True(await pending);
        Assert.Equal("a", Text(first.Current));
        await first.DisposeAsync();

        ItemEnumerator<ReceivedSegment> second = Read();
        Assert.True(await second.MoveNextAsync());
        Assert.Equal("b", Text(second.Current));
        await second.DisposeAsync();
        Assert.Equal(0, _engine.Pool.Rented);
    }

    [Fact]
    public async Task Receiving_stops_at_the_limit_and_goes_on_when_buffers_come_back()
    {
        ItemEnumerator<ReceivedSegment> reader = Read();
        ValueTask<bool> pending = reader.MoveNextAsync();
        _socket.BringData("1");
        _engine.RunAll();
        Assert.True(await pending);
        _socket.BringData("2");   // 32 of 32 bytes are held: one lent, one unread
        Assert.Equal(1, _socket.StopsAsked);
        _socket.BringStop();
        Assert.False(_socket.ReceiveStarted);

        Assert.True(await reader.MoveNextAsync());
        Assert.False(_socket.ReceiveStarted);
        pending = reader.MoveNextAsync();
        Assert.True(_socket.ReceiveStarted);
        Assert.False(pending.IsCompleted);
    }

    [Fact]
    public async Task A_cancelled_read_keeps_data_that_raced()
    {
        using var source = new CancellationTokenSource();
        ItemEnumerator<ReceivedSegment> reader = Read(source.Token);
        ValueTask<bool> pending = reader.MoveNextAsync();
        await source.CancelAsync();
        _socket.BringData("x");
        _engine.RunAll();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await pending);

        ItemEnumerator<ReceivedSegment> next = Read();
        Assert.True(await next.MoveNextAsync());
        Assert.Equal("x", Text(next.Current));
    }

    [Fact]
    public async Task A_second_reader_is_refused()
    {
        _ = Read().MoveNextAsync();
        var error = await Assert.ThrowsAsync<InvalidOperationException>(async () => await Read().MoveNextAsync());
        Assert.Contains("Publish", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Sends_queued_behind_one_in_flight_leave_as_one()
    {
        ValueTask first = _connection.SendAsync("a"u8.ToArray(), default);
        ValueTask second = _connection.SendAsync("b"u8.ToArray(), default);
        ValueTask third = _connection.SendAsync("c"u8.ToArray(), default);
        Assert.Single(_socket.Sending);
        _socket.BringSent();
        Assert.Equal(["bc"], _socket.Sending.Select(Encoding.ASCII.GetString));
        _socket.BringSent();
        _engine.RunAll();
        await first;
        await second;
        await third;
        Assert.False(_socket.SendStarted);
    }

    [Fact]
    public async Task A_queued_send_that_is_cancelled_is_withdrawn_and_the_others_leave()
    {
        using var source = new CancellationTokenSource();
        ValueTask first = _connection.SendAsync("a"u8.ToArray(), default);
        ValueTask second = _connection.SendAsync("b"u8.ToArray(), source.Token);
        ValueTask third = _connection.SendAsync("c"u8.ToArray(), default);
        await source.CancelAsync();
        _engine.RunAll();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await second);
        _socket.BringSent();
        Assert.Equal("c", Encoding.ASCII.GetString(Assert.Single(_socket.Sending)));
        _socket.BringSent();
        _engine.RunAll();
        await first;
        await third;
    }

    [Fact]
    public async Task Cancelling_a_started_send_leaves_only_abort()
    {
        using var source = new CancellationTokenSource();
        ValueTask send = _connection.SendAsync("abc"u8.ToArray(), source.Token);
        await source.CancelAsync();
        Assert.True(_socket.SendCancelAsked);
        _socket.BringSent(SocketError.OperationAborted, bytes: 1);
        _engine.RunAll();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await send);
        await Assert.ThrowsAsync<SocketException>(async () => await _connection.SendAsync("d"u8.ToArray(), default));

        _connection.End();
        Assert.True(_socket.ClosedWithAbort);
    }

    [Fact]
    public async Task Disposal_sends_fin_behind_the_queue_drains_and_closes_at_the_peers_fin()
    {
        ValueTask send = _connection.SendAsync("a"u8.ToArray(), default);
        _connection.End();
        Assert.Equal(0, _socket.Fins);
        _socket.BringSent();
        Assert.Equal(1, _socket.Fins);
        _socket.BringData("late");
        Assert.Equal(0, _engine.Pool.Rented);
        Assert.Null(_socket.ClosedWithAbort);
        _socket.BringEnd();
        Assert.False(_socket.ClosedWithAbort);
        _socket.BringClosed();
        _engine.RunAll();
        await send;
        ConnectionClosure closure = await _connection.Closed;
        Assert.Equal(ConnectionCloseReason.Orderly, closure.Reason);
        Assert.False(closure.ByPeer);
        Assert.Equal(0, _engine.Port.MemberCount);
    }

    [Fact]
    public async Task With_the_peers_fin_here_disposal_closes_without_a_shutdown_call()
    {
        ItemEnumerator<ReceivedSegment> reader = Read();
        ValueTask<bool> pending = reader.MoveNextAsync();
        _socket.BringEnd();
        _engine.RunAll();
        Assert.False(await pending);
        _connection.End();
        Assert.Equal(0, _socket.Fins);
        Assert.False(_socket.ClosedWithAbort);
        _socket.BringClosed();
        Assert.True((await _connection.Closed).ByPeer);
    }

    [Fact]
    public async Task A_peer_without_progress_is_aborted_after_the_close_timeout()
    {
        _connection.End();
        for (int ms = 0; ms < 4900; ms += 100)
            _engine.Time.Advance(TimeSpan.FromMilliseconds(100));
        Assert.Null(_socket.ClosedWithAbort);
        _socket.BringData("progress");
        for (int ms = 0; ms < 4900; ms += 100)
            _engine.Time.Advance(TimeSpan.FromMilliseconds(100));
        Assert.Null(_socket.ClosedWithAbort);
        for (int ms = 0; ms < 2000; ms += 100)
            _engine.Time.Advance(TimeSpan.FromMilliseconds(100));
        Assert.True(_socket.ClosedWithAbort);
        _socket.BringClosed();
        Assert.Equal(ConnectionCloseReason.CloseTimeout, (await _connection.Closed).Reason);
        Assert.Equal(1, _engine.Port.Closing.TimedOut);
    }

    [Fact]
    public async Task A_reset_behind_a_failed_send_is_not_an_orderly_end()
    {
        ItemEnumerator<ReceivedSegment> reader = Read();
        ValueTask<bool> pending = reader.MoveNextAsync();
        ValueTask send = _connection.SendAsync("a"u8.ToArray(), default);
        _socket.BringSent(SocketError.ConnectionReset);
        _socket.BringEnd(SocketError.Success);
        _engine.RunAll();
        await Assert.ThrowsAsync<SocketException>(async () => await send);
        var error = await Assert.ThrowsAsync<SocketException>(async () => await pending);
        Assert.Equal(SocketError.ConnectionReset, error.SocketErrorCode);
        _socket.BringClosed();
        Assert.Equal(ConnectionCloseReason.PeerReset, (await _connection.Closed).Reason);
    }

    [Fact]
    public async Task Disconnect_waits_for_the_peers_fin()
    {
        ValueTask<bool> disconnect = _connection.DisconnectAsync(reuseSocket: false, default);
        Assert.Equal(1, _socket.Fins);
        Assert.False(disconnect.IsCompleted);
        _socket.BringEnd();
        _socket.BringClosed();
        _engine.RunAll();
        Assert.True(await disconnect);
    }

    [Fact]
    public async Task A_throwing_observer_aborts_its_connection_and_is_reported()
    {
        using IDisposable subscription = new ItemObservable<ReceivedSegment>(_connection.Receive)
            .Subscribe(new ThrowingObserver());
        _engine.RunAll();
        _socket.BringData("x");
        _engine.RunAll();
        Assert.True(_socket.ClosedWithAbort);
        Assert.Equal("thrown by the test", Assert.Single(_engine.Unhandled).Message);
        _socket.BringClosed();
        Assert.Equal(ConnectionCloseReason.HandlerFailed, (await _connection.Closed).Reason);
        Assert.Equal(0, _engine.Pool.Rented);
    }

    private sealed class ThrowingObserver : IObserver<ReceivedSegment>
    {
        public void OnNext(ReceivedSegment value) => throw new InvalidOperationException("thrown by the test");

        public void OnError(Exception error)
        {
        }

        public void OnCompleted()
        {
        }
    }
}
