using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using RxSockets.Buffers;
using RxSockets.Engines;
using RxSockets.Native.Windows;

namespace RxSockets.Tests.Engines.Iocp;

/// <summary>Binding, receiving and closing of datagram sockets, over fakes.</summary>
public class DatagramReceiveTests
{
    private const int MessageSize = (int)SocketError.MessageSize;

    [Fact]
    public async Task Binding_sets_options_and_hears_of_unreachable_ports_only_once_connected()
    {
        await using var port = new FakePort();
        (EngineDatagramSocket socket, DatagramRecording told) = port.Datagrams();
        Assert.Equal(
            ["socket family=2 type=2 protocol=17", "setsockopt 0xFFFFFFFB value=1 length=4", "setsockopt 0x20 value=1 length=4", "setsockopt 0x1002 value=5000 length=4",
            "setsockopt 0x1001 value=6000 length=4", "WSAIoctl 0x9800000C 0", "WSAIoctl 0x9800000F 0", "bind 10.0.0.1:0", "ioctlsocket 0x8004667E", "associate"],
            port.Winsock.Drain().Select(static call => call.ToString()));
        Assert.Equal(port.Winsock.Local, socket.LocalEndPoint);
        Assert.Equal(SocketError.Success, socket.Connect(FakePort.Somewhere.Serialize()));
        Assert.Equal(["connect 10.0.0.2:2222", "WSAIoctl 0x9800000C 1", "WSAIoctl 0x9800000F 1"], port.Winsock.Drain().Select(static call => call.ToString()));
        FakePort.Close(socket, told);
    }

    [Fact]
    public async Task A_bind_that_fails_leaves_no_socket()
    {
        await using var port = new FakePort(static winsock => winsock.Answer = static call => call.Name == "bind" ? FakeAnswer.Fails((int)SocketError.AddressAlreadyInUse) : null);
        Assert.Equal(SocketError.AddressAlreadyInUse, Assert.Throws<SocketException>(() => port.Datagrams()).SocketErrorCode);
        Assert.Equal(0, port.Winsock.OpenSockets);
    }

    [Fact]
    public async Task Several_receives_are_posted_and_each_again_when_its_datagram_came()
    {
        await using var port = new FakePort();
        (EngineDatagramSocket socket, DatagramRecording told) = port.Datagrams(posted: 3);
        Assert.Equal(ReceiveStart.Pending, socket.StartReceive(out _, out _));
        FakeCall[] posted = [port.Winsock.Next("WSARecvFrom"), port.Winsock.Next("WSARecvFrom"), port.Winsock.Next("WSARecvFrom")];
        Assert.All(posted, static call => Assert.Equal("100 room=32 flags=0", call.Arguments));
        Assert.Equal(3, port.Winsock.PendingCount);
        port.Winsock.Complete(posted[0], bytes: 42);
        Assert.Equal("received 42 from 16 more", told.Next());
        Assert.Equal("100 room=32 flags=0", port.Winsock.Next("WSARecvFrom").Arguments);
        // Longer than the buffer: a warning, with the buffer full.
        port.Winsock.Complete(posted[1], bytes: 100, NtStatus.STATUS_BUFFER_OVERFLOW);
        Assert.Equal("received 100 cut from 16 more", told.Next());
        FakePort.Close(socket, told);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_datagram_too_long_in_the_call_comes_once_in_its_turn_with_a_packet_and_without(bool packet)
    {
        await using var port = new FakePort();
        (EngineDatagramSocket socket, DatagramRecording told) = port.Datagrams(posted: 1);
        port.Winsock.Answer = call => call.Name != "WSARecvFrom" ? null
            : packet ? FakeAnswer.FailsWithPacket(MessageSize, NtStatus.STATUS_BUFFER_OVERFLOW, 100) : FakeAnswer.Fails(MessageSize);
        Assert.Equal(ReceiveStart.Pending, socket.StartReceive(out _, out _));
        for (int i = 0; i < 200; i++)
            Assert.Equal("received 100 cut from 16 more", told.Next());
        port.Winsock.Answer = static _ => null;
        socket.Close();
        while (told.Next() is var last && last != "closed")
            Assert.True(last is "received 100 cut from 16 more" or "received 100 cut from 16 over" or "stopped Success", last);
        Assert.Equal(0, port.Engine.Statistics.StaleCompletions);
    }

    [Fact]
    public async Task Without_a_packet_for_it_a_failure_is_told_all_the_same()
    {
        await using var port = new FakePort();
        (EngineDatagramSocket socket, DatagramRecording told) = port.Datagrams(posted: 1);
        port.Winsock.Answer = static call => call.Name switch
        {
            "PostQueuedCompletionStatus" => FakeAnswer.Fails(Win32Error.ERROR_NO_SYSTEM_RESOURCES),
            "WSARecvFrom" => FakeAnswer.Fails((int)SocketError.ConnectionReset),
            _ => null,
        };
        socket.StartReceive(out _, out _);
        Assert.Equal("stopped ConnectionReset", told.Next());
        port.Winsock.Answer = static _ => null;
        FakePort.Close(socket, told);
    }

    [Theory]
    [InlineData(NtStatus.STATUS_PORT_UNREACHABLE, SocketError.ConnectionReset)]
    [InlineData(NtStatus.STATUS_HOST_UNREACHABLE, SocketError.HostUnreachable)]
    [InlineData(NtStatus.STATUS_NETWORK_UNREACHABLE, SocketError.NetworkUnreachable)]
    public async Task An_error_ends_only_the_receive_it_came_to(uint status, SocketError expected)
    {
        await using var port = new FakePort();
        (EngineDatagramSocket socket, DatagramRecording told) = port.Datagrams(posted: 2);
        socket.StartReceive(out _, out _);
        FakeCall first = port.Winsock.Next("WSARecvFrom");
        FakeCall second = port.Winsock.Next("WSARecvFrom");
        port.Winsock.Complete(first, status: status);
        Assert.Equal($"error {expected}", told.Next());
        Assert.Equal(1, port.Winsock.PendingCount);
        // The next datagram posts both again.
        port.Winsock.Complete(second, bytes: 5);
        Assert.Equal("received 5 from 16 more", told.Next());
        FakeCall[] again = [port.Winsock.Next("WSARecvFrom"), port.Winsock.Next("WSARecvFrom")];
        port.Winsock.Complete(again[0], status: status);
        Assert.Equal($"error {expected}", told.Next());
        port.Winsock.Complete(again[1], status: status);
        Assert.Equal($"stopped {expected}", told.Next());
        socket.StartReceive(out _, out _);
        Assert.Equal(2, port.Winsock.PendingCount);
        FakePort.Close(socket, told);
    }

    [Fact]
    public async Task Stopping_cancels_each_receive_and_delivers_what_raced()
    {
        await using var port = new FakePort();
        (EngineDatagramSocket socket, DatagramRecording told) = port.Datagrams(posted: 2);
        socket.StartReceive(out _, out _);
        FakeCall first = port.Winsock.Next("WSARecvFrom");
        FakeCall second = port.Winsock.Next("WSARecvFrom");
        // The cancel comes too late for the first: its datagram is there.
        port.Winsock.Answer = call => call.Name == "CancelIoEx" ? FakeAnswer.Fails(Win32Error.ERROR_NOT_FOUND) : null;
        socket.StopReceive();
        Assert.Equal("one", port.Winsock.Next("CancelIoEx").Arguments);
        port.Winsock.Complete(first, bytes: 7);
        Assert.Equal("received 7 from 16 more", told.Next());
        port.Winsock.Complete(second, status: NtStatus.STATUS_CANCELLED);
        Assert.Equal("stopped Success", told.Next());
        Assert.Equal(0, port.Winsock.PendingCount);
        port.Winsock.Answer = static _ => null;
        FakePort.Close(socket, told);
    }

    [Fact]
    public async Task Where_buffers_are_short_a_peek_waits_without_one()
    {
        // One buffer of the size.
        await using var port = new FakePort(options: static options =>
        {
            options.ReceiveBuffers = 1;
            options.ReceiveBufferSize = 256;
            options.MaxReceiveBufferBytes = 512;
        });
        var kept = new ConcurrentQueue<BufferLease>();
        (EngineDatagramSocket socket, DatagramRecording told) = port.Datagrams(kept: kept);
        port.Winsock.Answer = static call => call.Arguments.EndsWith(" now", StringComparison.Ordinal) ? new FakeAnswer(0, Bytes: 9) : null;
        socket.StartReceive(out _, out _);
        FakeCall peek = port.Winsock.Next("peek", "WSARecvFrom");
        Assert.Equal("peek", peek.Name);
        // No room for what it saw: that is what it was to find out.
        port.Winsock.Complete(peek, status: NtStatus.STATUS_BUFFER_OVERFLOW);
        Assert.Equal("received 9 from 16 more", told.Next());
        Assert.Equal("100 room=32 flags=0 now", port.Winsock.Next("WSARecvFrom").Arguments);
        // The reader keeps the one buffer: the next one waits for it.
        port.Winsock.Complete(port.Winsock.Next("peek"));
        Assert.True(SpinWait.SpinUntil(() => Volatile.Read(ref port.Engine.Statistics.BufferStarvations) == 1, TimeSpan.FromSeconds(20)));
        Assert.True(kept.TryDequeue(out BufferLease? first));
        // It wakes for nothing: somebody else took the datagram.
        port.Winsock.Answer = static call => call.Arguments.EndsWith(" now", StringComparison.Ordinal) ? FakeAnswer.Fails((int)SocketError.WouldBlock) : null;
        first.Release();
        peek = port.Winsock.Next("peek");
        Assert.Equal(0, port.Engine.FirstLoop.DatagramReceives(512).Buffers.Rented);
        port.Winsock.Complete(peek, status: NtStatus.STATUS_PORT_UNREACHABLE);
        Assert.Equal("stopped ConnectionReset", told.Next());
        FakePort.Close(socket, told);
    }

    [Fact]
    public async Task Closing_waits_for_every_packet_and_ends_a_receive_without_a_buffer()
    {
        await using var port = new FakePort(static winsock => winsock.Answer = static call => call.Name == "CancelIoEx" ? FakeAnswer.Fails(Win32Error.ERROR_NOT_FOUND) : null);
        (EngineDatagramSocket socket, DatagramRecording told) = port.Datagrams(posted: 2);
        socket.StartReceive(out _, out _);
        FakeCall first = port.Winsock.Next("WSARecvFrom");
        FakeCall second = port.Winsock.Next("WSARecvFrom");
        socket.Close();
        port.Winsock.Complete(second, status: NtStatus.STATUS_CANCELLED);
        port.Winsock.Complete(first, bytes: 3);
        Assert.Equal("received 3 from 16 over", told.Next());
        Assert.Equal("closed", told.Next());
        Assert.Equal(0, port.Engine.RentedBlocks);
        FakeCall[] calls = port.Winsock.Drain();
        Assert.Equal("all", calls.First(static call => call.Name == "CancelIoEx").Arguments);
        Assert.Equal("closesocket", calls[^1].Name);
    }

    [Fact]
    public async Task Groups_and_interfaces_go_by_number()
    {
        await using var port = new FakePort();
        (EngineDatagramSocket socket, DatagramRecording told) = port.Datagrams();
        port.Winsock.Drain();
        socket.SetMembership(join: true, IPAddress.Parse("239.1.2.3"), 5);
        socket.SetMembership(join: false, IPAddress.Parse("ff01::7"), 5);
        socket.SetMulticastInterface(AddressFamily.InterNetwork, 5);
        socket.SetMulticastInterface(AddressFamily.InterNetworkV6, 5);
        // EF010203, then 00000005, both in network order.
        Assert.Equal(
            [$"setsockopt 0xC value={0x05000000030201EF} length=8", "setsockopt 0xD value=FF01000000000000000000000000000705000000 length=20", $"setsockopt 0x9 value={0x05000000} length=4", "setsockopt 0x9 value=5 length=4"],
            port.Winsock.Drain().Select(static call => call.ToString()));
        FakePort.Close(socket, told);
    }
}
