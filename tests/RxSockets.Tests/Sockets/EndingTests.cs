using System.Net.Sockets;
using System.Text;
using RxSockets.Engines;
using RxSockets.Sockets;
using RxSockets.Tests.Testing;

namespace RxSockets.Tests.Sockets;

/// <summary>How a connection ends while readers come and go, and sends are cancelled.</summary>
public class EndingTests
{
    private readonly FakeEngine _engine = new();
    private readonly FakeSocket _socket;
    private readonly RxConnection _connection;

    public EndingTests()
    {
        _socket = new FakeSocket(_engine);
        _connection = new RxConnection(new Connection(_engine.Port, _socket) { CanReconnect = true });
    }

    private static string Text(ReceivedSegment segment) => Encoding.ASCII.GetString(segment.Memory.Span);

    private void Pass(TimeSpan time)
    {
        for (TimeSpan passed = TimeSpan.Zero; passed < time; passed += TimeSpan.FromMilliseconds(100))
            _engine.Time.Advance(TimeSpan.FromMilliseconds(100));
    }

    [Fact]
    public async Task A_refused_reader_takes_nothing_from_the_one_that_is_there()
    {
        IAsyncEnumerator<ReceivedSegment> reader = _connection.ReceiveAllAsync().GetAsyncEnumerator();
        Task<bool> pending = reader.MoveNextAsync().AsTask();
        _ = _connection.DisconnectAsync().AsTask();
        IAsyncEnumerator<ReceivedSegment> second = _connection.ReceiveAllAsync().GetAsyncEnumerator();
        await Assert.ThrowsAsync<InvalidOperationException>(async () => await second.MoveNextAsync());
        _socket.BringData("last words");
        _engine.RunAll();
        Assert.True(pending.IsCompleted);
        Assert.True(await pending);
        Assert.Equal("last words", Text(reader.Current));
    }

    [Fact]
    public async Task A_subscription_that_ended_takes_nothing_when_it_is_disposed_of_again()
    {
        IDisposable old = _connection.Received.Subscribe(new Observer(static _ => { }));
        old.Dispose();
        _engine.RunAll();
        IAsyncEnumerator<ReceivedSegment> reader = _connection.ReceiveAllAsync().GetAsyncEnumerator();
        Task<bool> pending = reader.MoveNextAsync().AsTask();
        _ = _connection.DisconnectAsync().AsTask();
        old.Dispose();
        _socket.BringData("last words");
        _engine.RunAll();
        Assert.True(pending.IsCompleted);
        Assert.True(await pending);
    }

    [Fact]
    public async Task A_successor_that_waits_for_an_OnNext_to_unwind_gets_the_rest()
    {
        IAsyncEnumerator<ReceivedSegment> successor = _connection.ReceiveAllAsync().GetAsyncEnumerator();
        Task<bool>? pending = null;
        IDisposable? first = null;
        first = _connection.Received.Subscribe(new Observer(_ =>
        {
            pending = successor.MoveNextAsync().AsTask();
            first!.Dispose();
        }));
        _engine.RunAll();
        _ = _connection.DisconnectAsync().AsTask();
        _socket.BringData("a");
        _socket.BringData("b");
        _engine.RunAll();
        Assert.True(pending is { IsCompleted: true });
        Assert.True(await pending);
        Assert.Equal("b", Text(successor.Current));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task What_the_last_reader_of_an_ending_connection_leaves_is_dropped(bool single)
    {
        Task<int>? receiving = null;
        IDisposable? subscription = null;
        if (single)
            receiving = _connection.ReceiveAsync(new byte[1]).AsTask();
        else
            subscription = _connection.Received.Subscribe(new Observer(_ => subscription!.Dispose()));
        _engine.RunAll();
        Task<bool> disconnecting = _connection.DisconnectAsync().AsTask();
        _socket.BringData("ab");
        _socket.BringData("c");
        _engine.RunAll();
        if (receiving is not null)
            Assert.Equal(1, await receiving);
        Assert.Equal(0, _engine.Pool.Rented);
        _socket.BringEnd();
        Assert.False(_socket.ClosedWithAbort);
        _socket.BringClosed();
        _engine.RunAll();
        Assert.True(await disconnecting);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_send_cancelled_half_way_is_never_followed_by_an_end_in_order(bool before)
    {
        using var cancel = new CancellationTokenSource();
        Task sending = _connection.SendAsync("abc"u8.ToArray(), cancel.Token).AsTask();
        Task<bool>? disconnecting = before ? null : _connection.DisconnectAsync().AsTask();
        await cancel.CancelAsync();
        _socket.BringSent(SocketError.OperationAborted, bytes: 1);
        _engine.RunAll();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => sending);
        disconnecting ??= _connection.DisconnectAsync().AsTask();
        Assert.Equal(0, _socket.Fins);
        Assert.True(_socket.ClosedWithAbort);
        _socket.BringClosed();
        _engine.RunAll();
        Assert.False(await disconnecting);
        Assert.Equal(ConnectionCloseReason.Aborted, (await _connection.Closed).Reason);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task The_fin_of_closing_leaves_although_that_of_the_user_is_cancelled(bool transmit)
    {
        using var cancel = new CancellationTokenSource();
        Task sending = _connection.SendAsync("a"u8.ToArray()).AsTask();
        Task ending = transmit
            ? _connection.TransmitFileAsync(null, new FileTransmitOptions { Head = "b"u8.ToArray(), Flags = TransmitFlags.Disconnect }, cancel.Token).AsTask()
            : _connection.CompleteWritesAsync(cancel.Token).AsTask();
        await _connection.DisposeAsync();
        await cancel.CancelAsync();
        _engine.RunAll();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => ending);
        Assert.Equal(0, _socket.Fins);
        _socket.BringSent();
        _engine.RunAll();
        await sending;
        Assert.Equal(1, _socket.Fins);
        Assert.Null(_socket.ClosedWithAbort);
    }

    [Fact]
    public async Task A_handle_that_takes_too_long_after_the_peers_fin_is_closed()
    {
        Task<int> receiving = _connection.ReceiveAsync(new byte[1]).AsTask();
        _socket.BringEnd();
        _engine.RunAll();
        Assert.Equal(0, await receiving);
        Task<bool> disconnecting = _connection.DisconnectAsync(reuseSocket: true).AsTask();
        Assert.Equal(1, _socket.RecyclesAsked);
        Pass(TimeSpan.FromSeconds(8));
        Assert.True(_socket.ClosedWithAbort);
        _socket.BringClosed();
        _engine.RunAll();
        Assert.False(await disconnecting);
        Assert.Equal(ConnectionCloseReason.CloseTimeout, (await _connection.Closed).Reason);
    }

    [Fact]
    public async Task A_peer_that_takes_what_was_sent_slowly_has_all_the_time_it_needs()
    {
        Task sending = _connection.SendAsync(new byte[100]).AsTask();
        await _connection.DisposeAsync();
        for (int i = 0; i < 10; i++)
        {
            Pass(TimeSpan.FromSeconds(4));
            _socket.Acknowledged++;
        }

        Assert.Null(_socket.ClosedWithAbort);
        Pass(TimeSpan.FromSeconds(8));
        Assert.True(_socket.ClosedWithAbort);
        _socket.BringClosed();
        _engine.RunAll();
        await Assert.ThrowsAsync<SocketException>(() => sending);
    }

    [Fact]
    public void A_client_accepted_while_the_listener_of_first_data_closes_is_ended()
    {
        var listener = new Listener<RxConnection>(_engine.Port, _socket.LocalEndPoint!, new ListenerOptions { FirstDataBytes = 16 }.Validated(), static core => new RxConnection(core));
        _ = listener.Close();
        var late = new FakeSocket(_engine);
        ((IListenerSink)listener).OnAccepted(late, firstData: null);
        Assert.Equal(1, late.Fins);
        Pass(TimeSpan.FromSeconds(8));
        Assert.True(late.ClosedWithAbort);
    }

    private sealed class Observer(Action<ReceivedSegment> onNext) : IObserver<ReceivedSegment>
    {
        public void OnNext(ReceivedSegment value) => onNext(value);

        public void OnError(Exception error)
        {
        }

        public void OnCompleted()
        {
        }
    }
}
