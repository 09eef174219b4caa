using System.Net.Sockets;
using Microsoft.Win32.SafeHandles;
using RxSockets.Engines;
using RxSockets.Native.Windows;
using RxSockets.Operations;

namespace RxSockets.Tests.Engines.Iocp;

/// <summary>TransmitFile and TransmitPackets with every flag and outcome, over fakes.</summary>
public sealed class TransmitTests : IDisposable
{
    private readonly string _path = Path.GetTempFileName();
    private readonly SafeFileHandle _file;

    public TransmitTests()
    {
        File.WriteAllBytes(_path, new byte[200_000]);
        _file = File.OpenHandle(_path);
    }

    public static TheoryData<int, string> Flags
    {
        get
        {
            var data = new TheoryData<int, string>();
            TransmitFlags[] hints = [0, TransmitFlags.UseDefaultWorker, TransmitFlags.UseSystemThread, TransmitFlags.UseKernelApc, TransmitFlags.UseSystemThread | TransmitFlags.UseKernelApc];
            TransmitFlags[] ends = [0, TransmitFlags.WriteBehind, TransmitFlags.Disconnect, TransmitFlags.Disconnect | TransmitFlags.ReuseSocket];
            foreach (TransmitFlags hint in hints)
            {
                foreach (TransmitFlags end in ends)
                {
                    // TF_REUSE_SOCKET is DisconnectEx's here.
                    uint native = ((end & TransmitFlags.Disconnect) != 0 ? WindowsConstants.TF_DISCONNECT : 0)
                        | ((end & TransmitFlags.WriteBehind) != 0 ? WindowsConstants.TF_WRITE_BEHIND : 0)
                        | ((hint & TransmitFlags.UseSystemThread) != 0 ? WindowsConstants.TF_USE_SYSTEM_THREAD : 0)
                        | ((hint & TransmitFlags.UseKernelApc) != 0 ? WindowsConstants.TF_USE_KERNEL_APC : 0);
                    data.Add((int)(hint | end), $"flags=0x{native:X}");
                }
            }

            return data;
        }
    }

    public static TheoryData<uint, SocketError> Statuses => new()
    {
        { NtStatus.STATUS_CONNECTION_RESET, SocketError.ConnectionReset }, { NtStatus.STATUS_CONNECTION_ABORTED, SocketError.ConnectionAborted },
        { NtStatus.STATUS_DEVICE_NOT_READY, SocketError.NetworkDown }, { NtStatus.STATUS_INSUFFICIENT_RESOURCES, SocketError.NoBufferSpaceAvailable },
        { NtStatus.STATUS_CANCELLED, SocketError.OperationAborted }, { NtStatus.STATUS_INVALID_PARAMETER, SocketError.InvalidArgument },
    };

    public void Dispose()
    {
        _file.Dispose();
        File.Delete(_path);
    }

    [Theory]
    [MemberData(nameof(Flags))]
    public async Task Every_flag_reaches_TransmitFile(int flags, string expected)
    {
        await using var port = new FakePort();
        (EngineSocket socket, SocketRecording told) = port.Connect();
        TransmitBatch batch = Batch("head", (50, 1000), "tail");
        batch.Flags = (TransmitFlags)flags;
        batch.SendSize = 512;
        Assert.True(socket.StartTransmit(batch, out _, out _));
        FakeCall call = port.Winsock.Next("TransmitFile");
        Assert.Equal("file offset=50 bytes=1000 send=512 edges=head,tail " + expected, call.Arguments);
        port.Winsock.Complete(call, bytes: 1008);
        Assert.Equal("sent 1008 Success", told.Next());
        // TF_DISCONNECT has sent the FIN: that it is there already is no error.
        port.Winsock.Answer = static shutdown => shutdown.Name == "shutdown" ? FakeAnswer.Fails((int)SocketError.NotConnected) : null;
        bool disconnected = ((TransmitFlags)flags & TransmitFlags.Disconnect) != 0;
        Assert.Equal(disconnected ? SocketError.Success : SocketError.NotConnected, socket.ShutdownSend());
        batch.Clear();
        FakePort.Close(socket, told);
    }

    [Theory]
    [MemberData(nameof(Flags))]
    public async Task Every_flag_reaches_TransmitPackets(int flags, string expected)
    {
        await using var port = new FakePort();
        (EngineSocket socket, SocketRecording told) = port.Connect();
        TransmitBatch batch = Batch("a", "bc", (7, 9), "d");
        batch.Flags = (TransmitFlags)flags;
        batch.SendSize = TransmitPacket.SendSizePerPacket;
        Assert.True(socket.StartTransmit(batch, out _, out _));
        FakeCall call = port.Winsock.Next("TransmitPackets");
        Assert.Equal("[1:a 1:bc 2:@7+9 1:d] send=0xFFFFFFFF " + expected, call.Arguments);
        port.Winsock.Complete(call, bytes: 13);
        Assert.Equal("sent 13 Success", told.Next());
        batch.Clear();
        FakePort.Close(socket, told);
    }

    [Fact]
    public async Task Ends_of_packets_are_marked()
    {
        await using var port = new FakePort();
        (EngineSocket socket, SocketRecording told) = port.Connect();
        var batch = new TransmitBatch { SendSize = TransmitPacket.SendSizePerPacket };
        batch.Add("ab"u8.ToArray(), endOfPacket: true);
        batch.Add(_file, 1, 2, endOfPacket: true);
        batch.Add("c"u8.ToArray(), endOfPacket: false);
        Assert.True(socket.StartTransmit(batch, out _, out _));
        FakeCall call = port.Winsock.Next("TransmitPackets");
        Assert.Equal("[5:ab 6:@1+2 1:c] send=0xFFFFFFFF flags=0x0", call.Arguments);
        port.Winsock.Complete(call, bytes: 5);
        Assert.Equal("sent 5 Success", told.Next());
        batch.Clear();
        FakePort.Close(socket, told);
    }

    [Fact]
    public async Task Without_TransmitPackets_the_same_is_composed()
    {
        await using var port = new FakePort(static winsock => winsock.MissingExtensions.Add(ExtensionFunctions.WSAID_TRANSMITPACKETS));
        (EngineSocket socket, SocketRecording told) = port.Connect();
        TransmitBatch batch = Batch("a", "bc", (7, 9), "d", (1, 2), "e", "f");
        batch.Flags = TransmitFlags.Disconnect;
        Assert.True(socket.StartTransmit(batch, out _, out _));
        Step("WSASend", "1", 1, "progress 1");
        Step("TransmitFile", "file offset=7 bytes=9 send=0 edges=bc,- flags=0x0", 11, "progress 12");
        Step("TransmitFile", "file offset=1 bytes=2 send=0 edges=d,e flags=0x0", 4, "progress 16");
        Step("WSASend", "1", 1, "sent 17 Success");
        batch.Clear();
        FakePort.Close(socket, told);

        void Step(string name, string arguments, uint bytes, string expected)
        {
            FakeCall call = port.Winsock.Next("WSASend", "TransmitFile");
            Assert.Equal((name, arguments), (call.Name, call.Arguments));
            port.Winsock.Complete(call, bytes);
            Assert.Equal(expected, told.Next());
        }
    }

    [Theory]
    [MemberData(nameof(Statuses))]
    public async Task Each_status_is_that_error_with_the_bytes_that_left(uint status, SocketError expected)
    {
        await using var port = new FakePort();
        (EngineSocket socket, SocketRecording told) = port.Connect();
        TransmitBatch batch = Batch((0, 1000));
        Assert.True(socket.StartTransmit(batch, out _, out _));
        port.Winsock.Complete(port.Winsock.Next("TransmitFile"), bytes: 300, status);
        Assert.Equal($"sent 300 {expected}", told.Next());
        batch.Clear();
        FakePort.Close(socket, told);
    }

    [Theory]
    [InlineData((int)SocketError.NotConnected, SocketError.NotConnected)]
    [InlineData((int)SocketError.NetworkReset, SocketError.NetworkReset)]
    [InlineData((int)SocketError.NetworkDown, SocketError.NetworkDown)]
    [InlineData((int)SocketError.NoBufferSpaceAvailable, SocketError.NoBufferSpaceAvailable)]
    [InlineData((int)SocketError.ConnectionAborted, SocketError.ConnectionAborted)]
    [InlineData((int)SocketError.InvalidArgument, SocketError.InvalidArgument)]
    public async Task Each_error_of_the_call_is_over_at_once(int code, SocketError expected)
    {
        await using var port = new FakePort(winsock => winsock.Answer = call => call.Name is "TransmitFile" or "TransmitPackets" ? FakeAnswer.Fails(code) : null);
        (EngineSocket socket, SocketRecording told) = port.Connect();
        foreach (TransmitBatch batch in new[] { Batch((0, 1000)), Batch("a", "b", "c", (0, 5)) })
        {
            Assert.False(socket.StartTransmit(batch, out long sent, out SocketError error));
            Assert.Equal((0, expected), (sent, error));
            batch.Clear();
        }

        FakePort.Close(socket, told);
    }

    [Fact]
    public async Task Done_at_once_is_told_once_and_a_file_that_ended_early_is_an_error()
    {
        await using var port = new FakePort(static winsock => winsock.Answer = static call => call.Name == "TransmitFile" ? FakeAnswer.AtOnce(bytes: 1000) : null);
        (EngineSocket socket, SocketRecording told) = port.Connect();
        TransmitBatch batch = Batch((0, 1000));
        Assert.True(socket.StartTransmit(batch, out _, out _));
        Assert.Equal("sent 1000 Success", told.Next());
        batch.Clear();
        batch = Batch((0, 1001));
        Assert.True(socket.StartTransmit(batch, out _, out _));
        Assert.Equal("sent 1000 InvalidArgument", told.Next());
        Assert.Equal(0, told.Waiting);
        batch.Clear();
        FakePort.Close(socket, told);
    }

    [Fact]
    public async Task Memory_alone_goes_by_TransmitFile_without_a_file()
    {
        await using var port = new FakePort();
        (EngineSocket socket, SocketRecording told) = port.Connect();
        TransmitBatch batch = Batch("head", "tail");
        Assert.True(socket.StartTransmit(batch, out _, out _));
        FakeCall call = port.Winsock.Next("TransmitFile");
        Assert.Equal("null offset=0 bytes=0 send=0 edges=head,tail flags=0x0", call.Arguments);
        port.Winsock.Complete(call, bytes: 8);
        Assert.Equal("sent 8 Success", told.Next());
        batch.Clear();
        FakePort.Close(socket, told);
    }

    [Fact]
    public async Task Beyond_the_limit_a_file_is_read_and_sent()
    {
        await using var port = new FakePort(options: static options => options.ConcurrentTransmits = 1);
        (EngineSocket first, SocketRecording firstTold) = port.Connect();
        (EngineSocket second, SocketRecording secondTold) = port.Connect();
        TransmitBatch one = Batch((0, 200_000));
        TransmitBatch two = Batch((0, 200_000));
        Assert.True(first.StartTransmit(one, out _, out _));
        FakeCall native = port.Winsock.Next("TransmitFile");
        Assert.True(second.StartTransmit(two, out _, out _));
        FakeCall send = port.Winsock.Next("WSASend", "TransmitFile");
        Assert.Equal(("WSASend", "65536"), (send.Name, send.Arguments));
        port.Winsock.Complete(native, bytes: 200_000);
        Assert.Equal("sent 200000 Success", firstTold.Next());
        // A place is free now: the rest goes natively.
        port.Winsock.Complete(send, bytes: 65536);
        Assert.Equal("progress 65536", secondTold.Next());
        native = port.Winsock.Next("WSASend", "TransmitFile");
        Assert.Equal("file offset=65536 bytes=134464 send=0 edges=none flags=0x0", native.Arguments);
        port.Winsock.Complete(native, bytes: 134_464);
        Assert.Equal("sent 200000 Success", secondTold.Next());
        one.Clear();
        two.Clear();
        FakePort.Close(first, firstTold);
        FakePort.Close(second, secondTold);
    }

    private TransmitBatch Batch(params object[] parts)
    {
        var batch = new TransmitBatch();
        foreach (object part in parts)
        {
            if (part is string text)
                batch.Add(System.Text.Encoding.ASCII.GetBytes(text), endOfPacket: false);
            else if (part is ValueTuple<int, int>(var offset, var count))
                batch.Add(_file, offset, count, endOfPacket: false);
        }

        return batch;
    }
}
