using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using RxSockets.Engines;
using RxSockets.Engines.Iocp;
using RxSockets.Native.Windows;
using RxSockets.Operations;

namespace RxSockets.Tests.Engines.Iocp;

/// <summary>The engine on the real Winsock: under Wine in CI, and on Windows. Skipped elsewhere.</summary>
public unsafe class OnWindowsTests
{
    private const string StandIn = "RX_WINE_STANDIN";

    [Fact]
    public void The_extension_functions_of_each_family_are_really_called()
    {
        Assert.SkipUnless(OperatingSystem.IsWindows(), "Winsock is Windows'.");
        IocpEngine engine = Create(CountingExtensions.Wrap);
        Exchange(engine, static (sender, told, receive) =>
        {
            string path = Path.GetTempFileName();
            File.WriteAllBytes(path, [.. Enumerable.Range(0, 1000).Select(static i => (byte)i)]);
            using (Microsoft.Win32.SafeHandles.SafeFileHandle file = File.OpenHandle(path))
            {
                var batch = new TransmitBatch();
                batch.Add("head"u8.ToArray(), endOfPacket: false);
                batch.Add(file, 10, 500, endOfPacket: false);
                batch.Add("tail"u8.ToArray(), endOfPacket: false);
                Assert.True(sender.StartTransmit(batch, out _, out _));
                Assert.Equal("sent 508 Success", told.Next());
                batch.Clear();
                Assert.Equal([.. "head"u8, .. Enumerable.Range(10, 500).Select(static i => (byte)i), .. "tail"u8], receive(508));
            }

            File.Delete(path);
        });
        Assert.True(CountingExtensions.AcceptExCalls >= 2);
        Assert.Equal(1, CountingExtensions.GetAcceptExSockaddrsCalls);
        Assert.Equal(1, CountingExtensions.ConnectExCalls);
        Assert.Equal(1, CountingExtensions.TransmitFileCalls);
        Assert.Equal(1, CountingExtensions.DisconnectExCalls);
    }

    [Fact]
    public void TransmitPackets_is_marshalled_as_a_C_program_reads_it()
    {
        Assert.SkipUnless(OperatingSystem.IsWindows(), "Winsock is Windows'.");
        string? library = Environment.GetEnvironmentVariable(StandIn);
        Assert.SkipWhen(string.IsNullOrEmpty(library), $"No stand-in was built: {StandIn} is not set.");
        nint module = NativeLibrary.Load(library);
        var transmit = (delegate* unmanaged[Stdcall]<nint, TRANSMIT_PACKETS_ELEMENT*, uint, uint, OVERLAPPED*, uint, int>)NativeLibrary.GetExport(module, "standin_transmit_packets");
        var last = (delegate* unmanaged<uint*, uint*, uint*, void>)NativeLibrary.GetExport(module, "standin_last");
        IocpEngine engine = Create(real =>
        {
            real.TransmitPacketsPointer = transmit;
            return real;
        });
        Exchange(engine, (sender, told, receive) =>
        {
            string path = Path.GetTempFileName();
            File.WriteAllBytes(path, [.. Enumerable.Range(0, 1000).Select(static i => (byte)(i * 7))]);
            using (Microsoft.Win32.SafeHandles.SafeFileHandle file = File.OpenHandle(path))
            {
                var batch = new TransmitBatch { SendSize = TransmitPacket.SendSizePerPacket, Flags = TransmitFlags.UseSystemThread };
                batch.Add("one"u8.ToArray(), endOfPacket: true);
                batch.Add("two"u8.ToArray(), endOfPacket: false);
                batch.Add(file, 300, 200, endOfPacket: true);
                batch.Add("three"u8.ToArray(), endOfPacket: false);
                batch.Add(file, 0, 1, endOfPacket: false);
                Assert.True(sender.StartTransmit(batch, out _, out _));
                Assert.Equal("sent 212 Success", told.Next());
                batch.Clear();
                Assert.Equal([.. "onetwo"u8, .. Enumerable.Range(300, 200).Select(static i => (byte)(i * 7)), .. "three"u8, 0], receive(212));
            }

            File.Delete(path);
            uint count, size, flags;
            last(&count, &size, &flags);
            Assert.Equal((5u, uint.MaxValue, WindowsConstants.TF_USE_SYSTEM_THREAD), (count, size, flags));
        });
    }

    [Fact]
    public void What_a_thread_started_does_not_end_with_it()
    {
        Assert.SkipUnless(OperatingSystem.IsWindows(), "Winsock is Windows'.");
        Exchange(Create(null), static (socket, told, _) =>
        {
            var starter = new Thread(() => socket.StartReceive(out RxSockets.Buffers.BufferLease? _, out SocketError _));
            starter.Start();
            starter.Join();
            Assert.Equal(0, told.Waiting);
            socket.StopReceive();
            Assert.Equal("receive stopped", told.Next());
        });
    }

    [Fact]
    public void A_provider_says_which_functions_it_has()
    {
        Assert.SkipUnless(OperatingSystem.IsWindows(), "Winsock is Windows'.");
        SystemWinsock winsock = SystemWinsock.Instance;
        foreach (int family in new[] { WindowsConstants.AF_INET, WindowsConstants.AF_INET6 })
        {
            Assert.Equal(0, winsock.CreateSocket(family, WindowsConstants.SOCK_STREAM, WindowsConstants.IPPROTO_TCP, out nint socket));
            var extensions = WinsockExtensions.Load(winsock, socket);
            Assert.Null(extensions.Missing);
            Assert.True(extensions.DisconnectExPointer is not null && extensions.TransmitFilePointer is not null);
            Assert.Equal(0, winsock.FindExtension(socket, Guid.NewGuid()));
            winsock.Close(socket);
        }
    }

    private static IocpEngine Create(Func<WinsockExtensions, WinsockExtensions>? replace) =>
        IocpEngine.Create(new CompletionPortOptions { Engine = EngineKind.Iocp }.Validated(), static error => Assert.Fail(error.ToString()), replace: replace);

    /// <summary>A connection of the engine's to itself: something is done with its connecting side, then both FINs, DisconnectEx, and everything closes.</summary>
    private static void Exchange(IocpEngine engine, Action<EngineSocket, SocketRecording, Func<int, byte[]>> body)
    {
        var heard = new ListenerRecording();
        EngineListener listener = engine.Listen(
            new ListenRequest
            {
                Local = new IPEndPoint(IPAddress.Loopback, 0),
                Backlog = 8,
                PendingAccepts = 2,
                DualMode = false,
                NoDelay = true,
                FirstDataBytes = 0,
                FirstDataTimeout = TimeSpan.FromSeconds(1),
                MaxPendingFirstData = 1,
            },
            heard);
        listener.StartAccept();
        var connected = new ConnectRecording();
        engine.StartConnect(new ConnectRequest { Remote = listener.LocalEndPoint }, connected);
        Assert.Equal("connected 0 Success", connected.Next());
        Assert.StartsWith("accepted 127.0.0.1", heard.Next(), StringComparison.Ordinal);
        Assert.True(heard.Accepted.TryDequeue(out EngineSocket? accepted));
        Assert.Equal(connected.Socket!.LocalEndPoint, accepted.RemoteEndPoint);
        Assert.Equal(connected.Socket.RemoteEndPoint, accepted.LocalEndPoint);
        var told = new SocketRecording();
        var far = new SocketRecording();
        connected.Socket.Attach(told);
        accepted.Attach(far);
        body(connected.Socket, told, count => Receive(accepted, far, count));
        Assert.Equal(SocketError.Success, connected.Socket.ShutdownSend());
        Receive(accepted, far, 0);
        accepted.Close(abort: false);
        Assert.Equal("closed", far.Next());
        Receive(connected.Socket, told, 0);
        connected.Socket.Recycle();
        string end = told.Next();
        Assert.True(end is "recycled" or "closed", end);
        told.Recycled?.Dispose();
        listener.Close();
        Assert.Equal("stopped Success", heard.Next());
        Assert.Equal("closed", heard.Next());
        Assert.Equal(0, engine.RentedBlocks);
        Assert.True(engine.ShutDownAsync().AsTask().Wait(TimeSpan.FromSeconds(20)));
        Assert.Equal(0, engine.Statistics.StaleCompletions);
    }

    /// <summary>Exactly so many bytes; 0: the end.</summary>
    private static byte[] Receive(EngineSocket socket, SocketRecording told, int count)
    {
        var all = new List<byte>();
        told.KeepBytesIn(all);
        while (count == 0 || all.Count < count)
        {
            if (socket.StartReceive(out RxSockets.Buffers.BufferLease? buffer, out SocketError error) is ReceiveStart.Ended)
            {
                Assert.Equal((0, SocketError.Success), (count, error));
                return [];
            }

            if (buffer is not null)
            {
                all.AddRange(buffer.Unread.Span);
                buffer.Release();
            }
            else if (told.Next() is var text && !text.StartsWith("received", StringComparison.Ordinal))
            {
                Assert.Equal("receive ended Success", text);
                Assert.Equal(0, count);
                return [];
            }
        }

        return [.. all];
    }
}
