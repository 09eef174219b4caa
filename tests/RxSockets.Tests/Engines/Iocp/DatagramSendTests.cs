using System.Net;
using System.Net.Sockets;
using System.Text;
using RxSockets.Engines;
using RxSockets.Native.Windows;
using RxSockets.Operations;

namespace RxSockets.Tests.Engines.Iocp;

/// <summary>Sends of datagram sockets, over fakes: at once, waiting, and by TransmitPackets.</summary>
public class DatagramSendTests
{
    private const int WouldBlock = (int)SocketError.WouldBlock;

    [Fact]
    public async Task What_the_kernel_has_room_for_leaves_at_once_in_order()
    {
        await using var port = new FakePort();
        (EngineDatagramSocket socket, DatagramRecording told) = port.Datagrams();
        var batch = new DatagramBatch();
        batch.Begin(FakePort.Somewhere.Serialize());
        batch.AddPiece(new byte[3]);
        batch.AddPiece(new byte[4]);
        batch.Begin(new IPEndPoint(IPAddress.Parse("fe80::1%7"), 9).Serialize());
        batch.AddPiece(new byte[5]);
        batch.Begin(destination: null);
        port.Winsock.Drain();
        Assert.False(socket.StartSend(batch, out int sent, out SocketError error));
        Assert.Equal((3, SocketError.Success), (sent, error));
        Assert.Equal(
            ["WSASendTo 3+4 to=10.0.0.2:2222 now", "WSASendTo 5 to=[fe80::1%7]:9 now", "WSASend 0 now"], port.Winsock.Drain().Select(static call => call.ToString()));
        FakePort.Close(socket, told);
    }

    [Fact]
    public async Task What_finds_no_room_waits_overlapped_and_the_rest_follows()
    {
        await using var port = new FakePort();
        (EngineDatagramSocket socket, DatagramRecording told) = port.Datagrams();
        port.Winsock.Answer = static call => call.Arguments == "2 now" ? FakeAnswer.Fails(WouldBlock) : null;
        port.Winsock.Drain();
        Assert.True(socket.StartSend(Batch(1, 2, 3), out _, out _));
        port.Winsock.Next("WSASend");
        port.Winsock.Next("WSASend");
        FakeCall waiting = port.Winsock.Next("WSASend");
        Assert.Equal("2", waiting.Arguments);
        Assert.Empty(port.Winsock.Drain());
        port.Winsock.Complete(waiting, bytes: 2);
        Assert.Equal("sent 3 Success", told.Next());
        Assert.Equal("3 now", port.Winsock.Next("WSASend").Arguments);
        FakePort.Close(socket, told);
    }

    [Theory]
    [InlineData((int)SocketError.MessageSize, SocketError.MessageSize)]
    [InlineData(Win32Error.ERROR_HOST_UNREACHABLE, SocketError.HostUnreachable)]
    public async Task An_error_is_that_of_the_datagram_behind_those_that_left(int code, SocketError expected)
    {
        await using var port = new FakePort();
        (EngineDatagramSocket socket, DatagramRecording told) = port.Datagrams();
        port.Winsock.Answer = call => call.Arguments == "2 now" ? FakeAnswer.Fails(code) : null;
        port.Winsock.Drain();
        Assert.False(socket.StartSend(Batch(1, 2, 3), out int sent, out SocketError error));
        Assert.Equal((1, expected), (sent, error));
        Assert.Equal(["WSASend 1 now", "WSASend 2 now"], port.Winsock.Drain().Select(static call => call.ToString()));
        FakePort.Close(socket, told);
    }

    [Fact]
    public async Task A_cancel_and_a_close_end_what_waits()
    {
        await using var port = new FakePort(static winsock => winsock.Answer = static call => call.Arguments == "1 now" ? FakeAnswer.Fails(WouldBlock) : null);
        (EngineDatagramSocket socket, DatagramRecording told) = port.Datagrams();
        Assert.True(socket.StartSend(Batch(1, 1), out _, out _));
        socket.CancelSend();
        Assert.Equal("sent 0 OperationAborted", told.Next());
        Assert.True(socket.StartSend(Batch(1, 1), out _, out _));
        socket.Close();
        Assert.Equal("sent 0 OperationAborted", told.Next());
        Assert.Equal("closed", told.Next());
        Assert.Equal(0, port.Engine.RentedBlocks);
    }

    [Fact]
    public async Task TransmitPackets_takes_a_batch_in_one_call_with_each_end_of_packet()
    {
        await using var port = new FakePort();
        (EngineDatagramSocket socket, DatagramRecording told) = port.Datagrams();
        DatagramBatch batch = Transmit(["one"], ["two", "three"], ["four"]);
        Assert.True(socket.StartSend(batch, out _, out _));
        FakeCall call = port.Winsock.Next("TransmitPackets");
        Assert.Equal("[5:one 1:two 5:three 5:four] send=0xFFFFFFFF flags=0x0", call.Arguments);
        port.Winsock.Complete(call, bytes: 15);
        Assert.Equal("sent 3 Success", told.Next());
        // Another one that fails behind the first datagram, and one that fails in the call.
        Assert.True(socket.StartSend(batch, out _, out _));
        port.Winsock.Complete(port.Winsock.Next("TransmitPackets"), bytes: 3, NtStatus.STATUS_HOST_UNREACHABLE);
        Assert.Equal("sent 1 HostUnreachable", told.Next());
        port.Winsock.Answer = static call => call.Name == "TransmitPackets" ? FakeAnswer.Fails((int)SocketError.NoBufferSpaceAvailable) : null;
        Assert.False(socket.StartSend(batch, out int sent, out SocketError error));
        Assert.Equal((0, SocketError.NoBufferSpaceAvailable), (sent, error));
        FakePort.Close(socket, told);
    }

    [Fact]
    public async Task A_TransmitPackets_that_is_cancelled_says_which_datagrams_left()
    {
        await using var port = new FakePort(static winsock => winsock.Answer = static call => call.Name == "CancelIoEx" ? FakeAnswer.Fails(Win32Error.ERROR_NOT_FOUND) : null);
        (EngineDatagramSocket socket, DatagramRecording told) = port.Datagrams();
        Assert.True(socket.StartSend(Transmit(["one"], ["two"], ["three"]), out _, out _));
        FakeCall call = port.Winsock.Next("TransmitPackets");
        socket.CancelSend();
        port.Winsock.Next("CancelIoEx");
        port.Winsock.Complete(call, bytes: 6, NtStatus.STATUS_CANCELLED);
        Assert.Equal("sent 2 OperationAborted", told.Next());
        FakePort.Close(socket, told);
    }

    [Theory]
    [InlineData("missing")]
    [InlineData("empty")]
    [InlineData("long")]
    [InlineData("one")]
    [InlineData("mixed")]
    [InlineData("limit")]
    public async Task Where_TransmitPackets_is_not_sure_or_not_there_it_is_composed(string why)
    {
        await using var port = new FakePort(
            winsock =>
            {
                if (why == "missing")
                    winsock.MissingExtensions.Add(ExtensionFunctions.WSAID_TRANSMITPACKETS);
            },
            static options => options.ConcurrentTransmits = 1);
        (EngineDatagramSocket socket, DatagramRecording told) = port.Datagrams();
        (EngineDatagramSocket other, DatagramRecording otherTold) = port.Datagrams();
        DatagramBatch batch = why switch
        {
            "empty" => Transmit(["one"], []),
            "long" => Transmit(["one"], [new string('x', 65_508)]),
            "one" => Transmit(["one"]),
            _ => Transmit(["one"], ["two"]),
        };
        if (why == "mixed")
            batch.Begin(destination: null);
        if (why == "limit")
            Assert.True(other.StartSend(Transmit(["one"], ["two"]), out _, out _));
        port.Winsock.Drain();
        Assert.False(socket.StartSend(batch, out int sent, out _));
        Assert.Equal(batch.Count, sent);
        Assert.Equal(batch.Count, port.Winsock.Drain().Count(static call => call.Name == "WSASend"));
        FakePort.Close(other, otherTold);
        FakePort.Close(socket, told);
    }

    private static DatagramBatch Batch(params int[] lengths)
    {
        var batch = new DatagramBatch();
        foreach (int length in lengths)
        {
            batch.Begin(destination: null);
            batch.AddPiece(new byte[length]);
        }

        return batch;
    }

    private static DatagramBatch Transmit(params string[][] datagrams)
    {
        var batch = new DatagramBatch();
        foreach (string[] pieces in datagrams)
        {
            batch.BeginTransmit();
            foreach (string piece in pieces)
                batch.AddPiece(Encoding.ASCII.GetBytes(piece));
        }

        return batch;
    }
}
