using System.Net.Sockets;
using RxSockets.Buffers;
using RxSockets.Engines;
using RxSockets.Native.Windows;
using RxSockets.Operations;

namespace RxSockets.Tests.Engines.Iocp;

/// <summary>Receive, send, DisconnectEx and closing, over fakes.</summary>
public class SocketTests
{
    [Fact]
    public async Task A_receive_waits_without_a_buffer_and_then_takes_what_is_there()
    {
        await using var port = new FakePort();
        (EngineSocket socket, SocketRecording told) = port.Connect();
        Assert.Equal(ReceiveStart.Pending, socket.StartReceive(out _, out _));
        FakeCall wait = port.Winsock.Next("WSARecv");
        Assert.Equal("0", wait.Arguments);
        Assert.Equal(0, port.Engine.FirstLoop.Pool.Rented);
        port.Winsock.Answer = static call => call.Arguments == "16384 now" ? new FakeAnswer(0, Bytes: 10) : null;
        port.Winsock.Complete(wait);
        Assert.Equal("received 10 over", told.Next());
        FakePort.Close(socket, told);
    }

    [Fact]
    public async Task A_wait_that_ends_for_nothing_waits_again()
    {
        await using var port = new FakePort(static winsock => winsock.Answer = static call =>
            call.Arguments == "16384 now" ? FakeAnswer.Fails((int)SocketError.WouldBlock) : null);
        (EngineSocket socket, SocketRecording told) = port.Connect();
        socket.StartReceive(out _, out _);
        port.Winsock.Complete(port.Winsock.Next("WSARecv"));
        port.Winsock.Next("WSARecv");
        FakeCall again = port.Winsock.Next("WSARecv");
        Assert.Equal("0", again.Arguments);
        Assert.Equal(0, port.Engine.FirstLoop.Pool.Rented);
        port.Winsock.Complete(again, status: NtStatus.STATUS_CONNECTION_RESET);
        Assert.Equal("receive ended ConnectionReset", told.Next());
        FakePort.Close(socket, told);
    }

    [Fact]
    public async Task After_a_full_buffer_the_next_is_taken_without_waiting()
    {
        await using var port = new FakePort(static winsock => winsock.Answer = static call => call.Arguments == "16384 now" ? new FakeAnswer(0, Bytes: 16384) : null);
        (EngineSocket socket, SocketRecording told) = port.Connect();
        socket.StartReceive(out _, out _);
        port.Winsock.Complete(port.Winsock.Next("WSARecv"));
        Assert.Equal("received 16384 over", told.Next());
        Assert.Equal(ReceiveStart.Received, socket.StartReceive(out BufferLease? buffer, out _));
        buffer!.Release();
        port.Winsock.Answer = static call => call.Arguments == "16384 now" ? new FakeAnswer(0) : null;
        Assert.Equal(ReceiveStart.Ended, socket.StartReceive(out _, out SocketError error));
        Assert.Equal(SocketError.Success, error);
        FakePort.Close(socket, told);
    }

    [Fact]
    public async Task A_send_that_fits_ends_at_once_and_what_is_left_over_goes_overlapped()
    {
        await using var port = new FakePort(static winsock => winsock.Answer = static call => call.Arguments == "2000+3000 now" ? new FakeAnswer(0, Bytes: 5000) : null);
        (EngineSocket socket, SocketRecording told) = port.Connect();
        var batch = new SendBatch();
        batch.Add(new byte[2000]);
        batch.Add(new byte[3000]);
        Assert.False(socket.StartSend(batch, out long sent, out SocketError error));
        Assert.Equal((5000, SocketError.Success), (sent, error));
        port.Winsock.Answer = static call => call.Arguments == "2000+3000 now" ? new FakeAnswer(0, Bytes: 2012) : null;
        port.Winsock.Drain();
        Assert.True(socket.StartSend(batch, out _, out _));
        port.Winsock.Next("WSASend");
        FakeCall rest = port.Winsock.Next("WSASend");
        Assert.Equal("2988", rest.Arguments);
        port.Winsock.Complete(rest, bytes: 2988);
        Assert.Equal("sent 5000 Success", told.Next());
        FakePort.Close(socket, told);
    }

    [Theory]
    [InlineData((int)SocketError.ConnectionReset, SocketError.ConnectionReset)]
    [InlineData((int)SocketError.Shutdown, SocketError.ConnectionReset)]
    [InlineData(Win32Error.ERROR_NETNAME_DELETED, SocketError.ConnectionReset)]
    [InlineData((int)SocketError.NetworkReset, SocketError.NetworkReset)]
    [InlineData((int)SocketError.NoBufferSpaceAvailable, SocketError.NoBufferSpaceAvailable)]
    public async Task A_send_that_fails_in_the_call_is_over(int code, SocketError expected)
    {
        await using var port = new FakePort(winsock => winsock.Answer = call => call.Name == "WSASend" ? FakeAnswer.Fails(code) : null);
        (EngineSocket socket, SocketRecording told) = port.Connect();
        var batch = new SendBatch();
        batch.Add(new byte[10]);
        Assert.False(socket.StartSend(batch, out long sent, out SocketError error));
        Assert.Equal((0, expected), (sent, error));
        FakePort.Close(socket, told);
    }

    [Fact]
    public async Task Closing_cancels_waits_for_every_packet_closes_and_frees_in_this_order()
    {
        // The cancel does nothing here: the completions come when the test says so.
        await using var port = new FakePort(static winsock => winsock.Answer = static call => call.Name switch
        {
            "CancelIoEx" => FakeAnswer.Fails(Win32Error.ERROR_NOT_FOUND),
            "WSASend" when call.Overlapped == 0 => FakeAnswer.Fails((int)SocketError.WouldBlock),
            _ => null,
        });
        (EngineSocket socket, SocketRecording told) = port.Connect();
        socket.StartReceive(out _, out _);
        var batch = new SendBatch();
        batch.Add(new byte[10]);
        Assert.True(socket.StartSend(batch, out _, out _));
        FakeCall receive = port.Winsock.Next("WSARecv");
        port.Winsock.Next("WSASend");
        FakeCall send = port.Winsock.Next("WSASend");
        socket.Close(abort: true);
        Assert.Equal(2, port.Engine.RentedBlocks);
        port.Winsock.Complete(send, bytes: 4, NtStatus.STATUS_CANCELLED);
        Assert.Equal("sent 4 OperationAborted", told.Next());
        Assert.DoesNotContain(port.Winsock.Drain(), static call => call.Name == "closesocket");
        Assert.Equal(2, port.Engine.RentedBlocks);
        port.Winsock.Complete(receive, 0, NtStatus.STATUS_CANCELLED);
        Assert.Equal("receive stopped", told.Next());
        Assert.Equal("closed", told.Next());
        Assert.Equal(0, port.Engine.RentedBlocks);
        Assert.Contains(port.Winsock.Drain(), static call => call.Name == "closesocket");
    }

    [Fact]
    public async Task A_late_packet_is_recognised_and_touches_nothing()
    {
        await using var port = new FakePort();
        (EngineSocket socket, SocketRecording told) = port.Connect();
        socket.StartReceive(out _, out _);
        FakeCall wait = port.Winsock.Next("WSARecv");
        port.Winsock.Complete(wait, status: NtStatus.STATUS_CONNECTION_RESET);
        Assert.Equal("receive ended ConnectionReset", told.Next());
        port.Winsock.PostStray(wait.Handle, wait);
        FakePort.Close(socket, told);
        await port.Engine.ShutDownAsync();
        Assert.Equal(1, port.Engine.Statistics.StaleCompletions);
    }

    [Fact]
    public async Task Recycling_is_DisconnectEx_with_the_flag_and_nothing_reserved()
    {
        await using var port = new FakePort();
        (EngineSocket socket, SocketRecording told) = port.Connect();
        Assert.True(socket.CanRecycle);
        socket.Recycle();
        FakeCall disconnect = port.Winsock.Next("DisconnectEx");
        Assert.Equal("flags=0x2 reserved=0", disconnect.Arguments);
        port.Winsock.ConnectTime = static _ => -1;
        port.Winsock.Complete(disconnect);
        Assert.Equal("recycled", told.Next());

        // Again: the same handle, bound already, and the context updated once more.
        port.Winsock.Drain();
        var connected = new ConnectRecording();
        port.Engine.StartConnect(new ConnectRequest { Remote = FakePort.Somewhere, Handle = told.Recycled }, connected);
        FakeCall connect = port.Winsock.Next("ConnectEx");
        Assert.Equal(disconnect.Handle, connect.Handle);
        port.Winsock.Complete(connect);
        Assert.Equal("connected 0 Success", connected.Next());
        Assert.Contains(port.Winsock.Drain(), static call => call.Arguments.StartsWith("0x7010", StringComparison.Ordinal));
        Assert.True(told.Recycled!.IsClosed);
        var sink = new SocketRecording();
        connected.Socket!.Attach(sink);
        FakePort.Close(connected.Socket, sink);
    }

    [Theory]
    [InlineData(0u, 5)]                                // as Wine: success, and connected all the same
    [InlineData(NtStatus.STATUS_IO_TIMEOUT, -1)]
    [InlineData(NtStatus.STATUS_INVALID_CONNECTION, -1)]
    public async Task A_handle_that_was_not_freed_of_its_connection_is_closed(uint status, int connectTime)
    {
        await using var port = new FakePort(winsock => winsock.ConnectTime = _ => connectTime);
        (EngineSocket socket, SocketRecording told) = port.Connect();
        socket.Recycle();
        port.Winsock.Complete(port.Winsock.Next("DisconnectEx"), status: status);
        Assert.Equal("closed", told.Next());
    }

    [Theory]
    [InlineData((int)SocketError.NotConnected)]
    [InlineData((int)SocketError.InvalidArgument)]
    public async Task A_DisconnectEx_that_fails_in_the_call_closes(int code)
    {
        await using var port = new FakePort(winsock => winsock.Answer = call => call.Name == "DisconnectEx" ? FakeAnswer.Fails(code) : null);
        (EngineSocket socket, SocketRecording told) = port.Connect();
        socket.Recycle();
        Assert.Equal("closed", told.Next());
    }

    [Fact]
    public async Task Closing_ends_a_DisconnectEx_that_takes_too_long()
    {
        await using var port = new FakePort();
        (EngineSocket socket, SocketRecording told) = port.Connect();
        socket.Recycle();
        port.Winsock.Next("DisconnectEx");
        socket.Close(abort: true);
        Assert.Equal("closed", told.Next());
    }

    [Fact]
    public async Task An_accepted_handle_goes_back_to_accept()
    {
        await using var port = new FakePort(static winsock => winsock.ConnectTime = static _ => -1);
        (EngineListener listener, ListenerRecording heard) = port.Listen(pending: 1);
        listener.StartAccept();
        FakeCall accept = port.Winsock.Next("AcceptEx");
        FakeCall next = Complete(accept);
        Assert.True(heard.Accepted.TryDequeue(out EngineSocket? socket));
        var told = new SocketRecording();
        socket.Attach(told);
        Assert.True(socket.CanRecycle);
        socket.Recycle();
        port.Winsock.Complete(port.Winsock.Next("DisconnectEx"));
        Assert.Equal("recycled to accept", told.Next());
        FakeCall reused = Complete(next);
        Assert.Equal(accept.Arguments, reused.Arguments);
        listener.Close();
        Assert.Equal("stopped Success", heard.Next());
        Assert.Equal("closed", heard.Next());
        var last = new SocketRecording();
        Assert.True(heard.Accepted.TryDequeue(out socket));
        socket.Attach(last);
        Assert.False(socket.CanRecycle);
        FakePort.Close(socket, last);

        // The next accept is posted before the connection is told.
        FakeCall Complete(FakeCall call)
        {
            port.Winsock.Complete(call);
            Assert.Equal("accepted 10.0.0.2:2222", heard.Next());
            return port.Winsock.Next("AcceptEx");
        }
    }
}
