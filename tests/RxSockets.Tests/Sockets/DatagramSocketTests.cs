using System.Net;
using System.Net.Sockets;
using RxSockets.Sockets;
using RxSockets.Streams;
using RxSockets.Tests.Testing;

namespace RxSockets.Tests.Sockets;

/// <summary>The state machines of a datagram socket over an engine that does what the test says.</summary>
public class DatagramSocketTests
{
    private static readonly IPEndPoint s_peer = new(IPAddress.Loopback, 7);

    private readonly FakeEngine _engine = new();
    private readonly DatagramSocket _socket;
    private readonly FakeDatagramSocket _fake;

    public DatagramSocketTests()
    {
        _socket = new DatagramSocket(_engine.Port, new IPEndPoint(IPAddress.Loopback, 0), new DatagramOptions { ReceiveLimit = 2 }.Validated());
        _fake = _engine.LastDatagramSocket!;
    }

    private ItemEnumerator<ReceivedDatagram> Read() => new(_socket.Receive, default, null);

    [Fact]
    public async Task Nothing_is_received_before_a_reader_wants_and_the_limit_stops_it()
    {
        Assert.False(_fake.ReceiveStarted);
        ItemEnumerator<ReceivedDatagram> reader = Read();
        ValueTask<bool> pending = reader.MoveNextAsync();
        Assert.True(_fake.ReceiveStarted);
        _fake.BringDatagram([1]);
        Assert.Equal(0, _fake.StopsAsked);
        _fake.BringDatagram([2]);
        Assert.Equal(1, _fake.StopsAsked);
        _fake.BringDatagram([3]);   // raced with the stop
        Assert.Equal(1, _fake.StopsAsked);
        _fake.BringStop();
        _engine.RunAll();
        Assert.True(await pending);
        Assert.Equal(1, reader.Current.Memory.Span[0]);
        Assert.Equal(s_peer, reader.Current.RemoteEndPoint);
        Assert.False(_fake.ReceiveStarted);
        Assert.True(await reader.MoveNextAsync());
        Assert.True(await reader.MoveNextAsync());
        Assert.Equal(3, reader.Current.Memory.Span[0]);
        _ = reader.MoveNextAsync();
        Assert.True(_fake.ReceiveStarted);
    }

    [Theory]
    [InlineData(SocketError.ConnectionRefused)]
    [InlineData(SocketError.ConnectionReset)]
    [InlineData(SocketError.HostUnreachable)]
    [InlineData(SocketError.NetworkUnreachable)]
    [InlineData(SocketError.MessageSize)]
    public async Task An_error_of_the_network_is_counted_and_the_stream_goes_on(SocketError error)
    {
        ItemEnumerator<ReceivedDatagram> reader = Read();
        ValueTask<bool> pending = reader.MoveNextAsync();
        _fake.BringStop(error);
        _engine.RunAll();
        Assert.False(pending.IsCompleted);
        Assert.True(_fake.ReceiveStarted);
        Assert.Equal(1, _socket.Receive.NetworkErrors);
        _fake.BringDatagram([9]);
        _engine.RunAll();
        Assert.True(await pending);
    }

    [Theory]
    [InlineData(SocketError.NotSocket)]
    [InlineData(SocketError.NoBufferSpaceAvailable)]
    public async Task An_error_of_the_handle_ends_the_stream(SocketError error)
    {
        ValueTask<bool> pending = Read().MoveNextAsync();
        _fake.BringStop(error);
        _engine.RunAll();
        Assert.Equal(error, (await Assert.ThrowsAsync<SocketException>(async () => await pending)).SocketErrorCode);
        Assert.False(_fake.ReceiveStarted);
    }

    [Theory]
    [InlineData(SocketError.ConnectionReset, false)]
    [InlineData(SocketError.NotSocket, true)]
    public async Task An_error_of_one_of_several_receives_is_counted_or_stops_them(SocketError error, bool ends)
    {
        ValueTask<bool> pending = Read().MoveNextAsync();
        _fake.Sink.OnReceiveError(error);
        _fake.Sink.OnReceiveError(error);
        _engine.RunAll();
        Assert.Equal((ends ? 0 : 2, ends ? 1 : 0, ends), (_socket.Receive.NetworkErrors, _fake.StopsAsked, pending.IsCompleted));
        if (!ends)
        {
            _fake.BringDatagram([9]);
            _engine.RunAll();
            Assert.True(await pending);
            return;
        }

        _fake.BringStop();
        Assert.Equal(error, (await Assert.ThrowsAsync<SocketException>(async () => await pending)).SocketErrorCode);
        Assert.False(_fake.ReceiveStarted);
    }

    [Fact]
    public async Task Windows_word_for_port_unreachable_is_told_as_everywhere()
    {
        ValueTask send = _socket.Write.SendAsync(new byte[1], s_peer, default);
        _fake.BringSent(0, SocketError.ConnectionReset);
        _engine.RunAll();
        Assert.Equal(SocketError.ConnectionRefused, (await Assert.ThrowsAsync<SocketException>(async () => await send)).SocketErrorCode);
        Assert.Equal(1, _socket.Write.NetworkErrors);
    }

    [Fact]
    public async Task An_error_of_a_batch_belongs_to_one_datagram_and_the_others_go_again()
    {
        ValueTask[] sends = [.. Enumerable.Range(0, 5).Select(i => _socket.Write.SendAsync(new byte[] { (byte)i }, s_peer, default))];
        Assert.Equal([[0]], _fake.Sending);
        _fake.BringSent(1);
        Assert.Equal([[1], [2], [3], [4]], _fake.Sending);
        _fake.BringSent(1, SocketError.ConnectionRefused);
        Assert.Equal([[3], [4]], _fake.Sending);
        _fake.BringSent(2);
        _engine.RunAll();
        foreach (int whole in (int[])[0, 1, 3, 4])
            await sends[whole];
        Assert.Equal(SocketError.ConnectionRefused, (await Assert.ThrowsAsync<SocketException>(async () => await sends[2])).SocketErrorCode);
        Assert.Equal((4L, 1L), (_socket.Write.Sent, _socket.Write.NetworkErrors));
    }

    [Fact]
    public async Task A_cancel_in_flight_ends_its_own_datagram_and_the_others_go_again()
    {
        using var cancel = new CancellationTokenSource();
        ValueTask first = _socket.Write.SendAsync(new byte[] { 0 }, s_peer, default);
        ValueTask cancelled = _socket.Write.SendAsync(new byte[] { 1 }, s_peer, cancel.Token);
        ValueTask last = _socket.Write.SendAsync(new byte[] { 2 }, s_peer, default);
        _fake.BringSent(1);
        await cancel.CancelAsync();
        Assert.True(_fake.SendCancelAsked);
        _fake.BringSent(0, SocketError.OperationAborted);
        Assert.Equal([[2]], _fake.Sending);
        _fake.BringSent(1);
        _engine.RunAll();
        await first;
        await last;
        await Assert.ThrowsAsync<OperationCanceledException>(async () => await cancelled);
    }

    [Fact]
    public async Task A_connect_takes_its_turn_behind_what_was_sent_before()
    {
        ValueTask before = _socket.Write.SendAsync(new byte[] { 0 }, s_peer, default);
        ValueTask connecting = _socket.Write.ConnectAsync(s_peer, default);
        ValueTask after = _socket.Write.SendAsync(new byte[] { 1 }, destination: null, default);
        Assert.Equal(0, _fake.Connects);
        _fake.BringSent(1);
        Assert.Equal(1, _fake.Connects);
        Assert.Equal([[1]], _fake.Sending);
        _fake.BringSent(1);
        _engine.RunAll();
        await before;
        await connecting;
        await after;
        Assert.Equal(s_peer, _socket.Write.Remote);
    }

    [Fact]
    public async Task The_port_waits_for_the_handle_and_for_what_is_in_flight()
    {
        ValueTask<bool> reading = Read().MoveNextAsync();
        ValueTask sending = _socket.Write.SendAsync(new byte[] { 0 }, s_peer, default);
        ValueTask queued = _socket.Write.SendAsync(new byte[] { 1 }, s_peer, default);
        Task disposing = _engine.Port.DisposeAsync().AsTask();
        Assert.True(_fake.Closed);
        _fake.BringSent(0, SocketError.OperationAborted);
        _fake.BringStop();
        Assert.False(disposing.IsCompleted);
        _fake.BringClosed();
        _engine.RunAll();
        await disposing.WaitAsync(TimeSpan.FromSeconds(20));
        Assert.Equal(SocketError.OperationAborted, (await Assert.ThrowsAsync<SocketException>(async () => await reading)).SocketErrorCode);
        await Assert.ThrowsAsync<SocketException>(async () => await sending);
        await Assert.ThrowsAsync<SocketException>(async () => await queued);
    }
}
