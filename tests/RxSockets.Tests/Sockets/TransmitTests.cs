using System.Net.Sockets;
using RxSockets.Engines;
using RxSockets.Operations;
using RxSockets.Sockets;
using RxSockets.Tests.Testing;

namespace RxSockets.Tests.Sockets;

/// <summary>Transmits over an engine that does what the test says: what cannot be provoked on a real one.</summary>
public class TransmitTests
{
    private readonly FakeEngine _engine = new();
    private readonly FakeSocket _socket;
    private readonly Connection _connection;
    private readonly RxConnection _public;

    public TransmitTests()
    {
        _socket = new FakeSocket(_engine);
        _connection = new Connection(_engine.Port, _socket) { CanReconnect = true };
        _public = new RxConnection(_connection);
    }

    [Theory]
    [InlineData(SocketError.NetworkReset)]
    [InlineData(SocketError.NetworkDown)]
    [InlineData(SocketError.NoBufferSpaceAvailable)]
    [InlineData(SocketError.ConnectionAborted)]
    [InlineData(SocketError.ConnectionReset)]
    [InlineData(SocketError.NotConnected)]
    [InlineData(SocketError.Fault)]
    public async Task An_engines_error_is_told_with_the_bytes(SocketError error)
    {
        Task<TransmitResult> transmitting = Transmit(100).AsTask();
        _socket.BringSent(error, bytes: 60);
        _engine.RunAll();
        var thrown = await Assert.ThrowsAsync<TransmitException>(() => transmitting);
        Assert.Equal((error, 60), (thrown.SocketErrorCode, thrown.BytesTransmitted));
        Assert.Contains("60 bytes", thrown.Message, StringComparison.Ordinal);
        Assert.Equal(60, _connection.Write.BytesSent);
        await Assert.ThrowsAsync<TransmitException>(() => Transmit(1).AsTask());
    }

    [Fact]
    public async Task A_part_is_never_followed_by_an_end_in_order()
    {
        Task<TransmitResult> transmitting = Transmit(100).AsTask();
        Task closing = _public.DisposeAsync().AsTask();
        _socket.BringSent(SocketError.InvalidArgument, bytes: 60);
        _engine.RunAll();
        await Assert.ThrowsAsync<TransmitException>(() => transmitting);
        await closing;
        Assert.Equal(0, _socket.Fins);
        Assert.True(_socket.ClosedWithAbort);
    }

    [Fact]
    public async Task Disconnect_puts_the_fin_behind_the_last_byte_and_not_before()
    {
        Task<TransmitResult> transmitting = Transmit(100, TransmitFlags.Disconnect).AsTask();
        Assert.Equal(0, _socket.Fins);
        Assert.Equal(TransmitFlags.Disconnect, _socket.Transmitting!.Flags);
        _socket.BringSent(bytes: 100);
        Assert.Equal(1, _socket.Fins);
        _engine.RunAll();
        Assert.Equal(new TransmitResult(100), await transmitting);
        // The end of the other direction: received and dropped until it comes.
        Assert.True(_socket.ReceiveStarted);
        _socket.BringEnd();
        Assert.False(_socket.ClosedWithAbort);
        Assert.Equal(1, _socket.Fins);
        Assert.Equal(0, _socket.RecyclesAsked);
    }

    [Fact]
    public async Task Reuse_asks_for_the_handle_after_both_fins_and_keeps_it()
    {
        Task<TransmitResult> transmitting = Transmit(100, TransmitFlags.Disconnect | TransmitFlags.ReuseSocket).AsTask();
        _socket.BringSent(bytes: 100);
        _engine.RunAll();
        Assert.False(transmitting.IsCompleted);
        Assert.Equal(0, _socket.RecyclesAsked);
        _socket.BringEnd();
        Assert.Equal(1, _socket.RecyclesAsked);
        Assert.Null(_socket.ClosedWithAbort);
        var handle = new FakeHandle();
        ((ISocketSink)_connection).OnRecycled(handle);
        _engine.RunAll();
        Assert.Equal(new TransmitResult(100, SocketKept: true), await transmitting);
        Assert.Equal(ConnectionCloseReason.Orderly, (await _public.Closed).Reason);
        Assert.Equal(1, _engine.Port.MemberCount);
        await _public.DisposeAsync();
        Assert.True(handle.IsClosed);
        Assert.Equal(0, _engine.Port.MemberCount);
    }

    [Fact]
    public async Task A_handle_that_takes_too_long_is_closed_and_the_answer_is_no()
    {
        Task<bool> disconnecting = _public.DisconnectAsync(reuseSocket: true).AsTask();
        _socket.BringEnd();
        Assert.Equal(1, _socket.RecyclesAsked);
        for (int i = 0; i < 80; i++)
            _engine.Time.Advance(TimeSpan.FromMilliseconds(100));
        Assert.True(_socket.ClosedWithAbort);
        _socket.BringClosed();
        _engine.RunAll();
        Assert.False(await disconnecting);
        Assert.Equal(ConnectionCloseReason.CloseTimeout, (await _public.Closed).Reason);
    }

    [Fact]
    public async Task A_handle_disposed_of_while_it_is_recycled_is_closed_when_it_comes()
    {
        Task<bool> disconnecting = _public.DisconnectAsync(reuseSocket: true).AsTask();
        _socket.BringEnd();
        await _public.DisposeAsync();
        var handle = new FakeHandle();
        ((ISocketSink)_connection).OnRecycled(handle);
        _engine.RunAll();
        await disconnecting;
        Assert.True(handle.IsClosed);
        Assert.Equal(0, _engine.Port.MemberCount);
    }

    [Fact]
    public async Task Progress_goes_forward_is_not_told_twice_and_ends_last()
    {
        var told = new List<long>();
        Task<TransmitResult> transmitting = _public.TransmitFileAsync(
            null, new FileTransmitOptions { Head = new byte[100], Progress = new Listener(told.Add) }).AsTask();
        ISocketSink sink = _connection;
        sink.OnTransmitProgress(10);
        sink.OnTransmitProgress(20);
        _engine.RunAll();
        Assert.Equal([20], told);
        Assert.Equal(20, _connection.Progress);
        sink.OnTransmitProgress(30);
        _socket.BringSent(bytes: 100);
        _engine.RunAll();
        await transmitting;
        Assert.Equal([20, 30, 100], told);
        Assert.Equal(100, _connection.Progress);
    }

    [Fact]
    public async Task A_listener_to_progress_that_throws_ends_nothing()
    {
        Task<TransmitResult> transmitting = _public.TransmitFileAsync(
            null, new FileTransmitOptions { Head = new byte[5], Progress = new Listener(static _ => throw new InvalidOperationException("no")) }).AsTask();
        _socket.BringSent(bytes: 5);
        _engine.RunAll();
        Assert.Equal(5, (await transmitting).BytesTransmitted);
        Assert.Equal("no", Assert.Single(_engine.Unhandled).Message);
    }

    /// <summary>Found by the hunt (seed 4): the FIN's failure ended the transmit that was being ended, and the second end found the queue empty.</summary>
    [Fact]
    public async Task A_fin_that_fails_behind_a_transmit_ends_it_once()
    {
        _socket.FinError = SocketError.ConnectionReset;
        Task<TransmitResult> transmitting = Transmit(5, TransmitFlags.Disconnect).AsTask();
        Task sending = _public.CompleteWritesAsync().AsTask();
        _socket.BringSent(bytes: 5);
        _engine.RunAll();
        var error = await Assert.ThrowsAsync<TransmitException>(() => transmitting);
        Assert.Equal(SocketError.ConnectionReset, error.SocketErrorCode);
        Assert.Equal(5, error.BytesTransmitted);
        await Assert.ThrowsAsync<SocketException>(() => sending);
    }

    [Fact]
    public async Task A_slow_listener_misses_the_oldest_and_sees_the_gap()
    {
        const int Sends = TransmitHub.Limit + 100;
        var told = new List<TransmitCompletion>();
        using IDisposable subscription = _public.Transmitted.Subscribe(new Collector(told));
        for (int i = 0; i < Sends; i++)
        {
            Task sending = _public.SendAsync(new byte[1]).AsTask();
            _socket.BringSent();
            _ = sending;
        }

        _engine.RunAll();
        Assert.Equal(TransmitHub.Limit, told.Count);
        Assert.Equal(100, told[0].Sequence);
        Assert.Equal(Sends - 1, told[^1].Sequence);
        await _public.DisposeAsync();
    }

    [Fact]
    public void Nothing_is_kept_while_nobody_listens()
    {
        _ = _public.SendAsync(new byte[1]).AsTask();
        _socket.BringSent();
        _engine.RunAll();
        var told = new List<TransmitCompletion>();
        using (_public.Transmitted.Subscribe(new Collector(told)))
            _engine.RunAll();
        Assert.Empty(told);
    }

    private ValueTask<TransmitResult> Transmit(int bytes, TransmitFlags flags = TransmitFlags.None) =>
        _public.TransmitFileAsync(null, new FileTransmitOptions { Head = new byte[bytes], Flags = flags });

    private sealed class FakeHandle : RecycledHandle
    {
        private bool _closed;

        public override AddressFamily Family => AddressFamily.InterNetwork;

        public override bool IsClosed => _closed;

        public override void Dispose() => _closed = true;
    }

    private sealed class Listener(Action<long> report) : IProgress<long>
    {
        public void Report(long value) => report(value);
    }

    private sealed class Collector(List<TransmitCompletion> told) : IObserver<TransmitCompletion>
    {
        public void OnNext(TransmitCompletion value) => told.Add(value);

        public void OnError(Exception error) => Assert.Fail(error.Message);

        public void OnCompleted()
        {
        }
    }
}
