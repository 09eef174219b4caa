using System.Buffers.Binary;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using RxSockets.Engines;

namespace RxSockets.Conformance;

/// <summary>How a transmit leaves: as one burst, from the page cache or by a worker. Read from the kernel's own counters.</summary>
public class TransmitBurstTests
{
    private const int PosixFadvDontNeed = 4;
    private const int TcpInfo = 11;
    private const int DataSegmentsOutOffset = 156;

    public static TheoryData<EngineKind, CompletionScheduling> All => Engines.All;

    [Theory]
    [MemberData(nameof(All))]
    public async Task Head_file_and_tail_leave_as_one_segment(EngineKind engine, CompletionScheduling scheduling)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Counts segments by TCP_INFO, as Linux has it.");
        Assert.SkipWhen(engine == EngineKind.Simulated, "Simulated: there are no segments.");
        await using var port = new TestPort(engine, scheduling);
        (RxConnection connection, Socket peer) = await port.AcceptPeerAsync();
        using var file = new TestFile(4096);
        byte[] edge = new byte[1024];
        // One after the other: each must be one segment, the first too (nothing in flight, the window open).
        for (int i = 0; i < 5; i++)
        {
            long before = DataSegmentsOut(connection);
            await connection.TransmitFileAsync(file.Handle, new FileTransmitOptions { Head = edge, Tail = edge }).Within();
            await peer.ReceiveExactlyAsync(6144);
            Assert.Equal(1, DataSegmentsOut(connection) - before);
        }

        long then = DataSegmentsOut(connection);
        await connection.TransmitFileAsync(file.Handle, new FileTransmitOptions { Head = edge }).Within();
        await peer.ReceiveExactlyAsync(5120);
        Assert.Equal(1, DataSegmentsOut(connection) - then);
        await connection.DisposeAsync();
        peer.Dispose();
    }

    [Theory]
    [MemberData(nameof(All))]
    public async Task An_end_of_packet_ends_a_segment_where_the_caller_controls_the_sends(EngineKind engine, CompletionScheduling scheduling)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Counts segments by TCP_INFO, as Linux has it.");
        Assert.SkipWhen(engine == EngineKind.Simulated, "Simulated: there are no segments.");
        await using var port = new TestPort(engine, scheduling);
        (RxConnection connection, Socket peer) = await port.AcceptPeerAsync();
        using var file = new TestFile(1000);
        TransmitPacket[] packets =
        [
            TransmitPacket.FromMemory(new byte[100]), TransmitPacket.FromFile(file.Handle, endOfPacket: true),
            TransmitPacket.FromMemory(new byte[100]), TransmitPacket.FromMemory(new byte[100], endOfPacket: true),
            TransmitPacket.FromFile(file.Handle), TransmitPacket.FromMemory(new byte[100]),
        ];
        foreach ((int sendSize, int segments) in new[] { (0, 1), (TransmitPacket.SendSizePerPacket, 3) })
        {
            long before = DataSegmentsOut(connection);
            await connection.TransmitPacketsAsync(packets, sendSize).Within();
            await peer.ReceiveExactlyAsync(2400);
            Assert.Equal(segments, DataSegmentsOut(connection) - before);
        }

        await connection.DisposeAsync();
        peer.Dispose();
    }

    [Theory]
    [MemberData(nameof(All))]
    public async Task A_file_that_is_not_in_memory_goes_by_a_worker_and_one_that_is_does_not(EngineKind engine, CompletionScheduling scheduling)
    {
        Assert.SkipUnless(engine == EngineKind.IoUring, "Only the io_uring engine sends files from its loop.");
        await using var port = new TestPort(engine, scheduling);
        (RxConnection connection, Socket peer) = await port.AcceptPeerAsync();
        using var file = new TestFile(8 << 20);
        async Task TransmitAsync(TransmitFlags flags)
        {
            Task<TransmitResult> transmitting = connection.TransmitFileAsync(file.Handle, new FileTransmitOptions { Flags = flags, Tail = new byte[1] }).AsTask();
            Bytes.Same([.. file.Bytes, 0], await peer.ReceiveExactlyAsync(file.Bytes.Length + 1));
            await transmitting.Within();
        }

        await TransmitAsync(TransmitFlags.UseKernelApc);
        Assert.Equal(0, port.Statistics.ColdTransmits);
        await TransmitAsync(TransmitFlags.UseDefaultWorker);
        Assert.True(port.Statistics.ColdTransmits > 0, "the hint was not followed");
        long before = port.Statistics.ColdTransmits;
        // Dirty pages stay: written back first.
        Assert.Equal(0, fsync((int)file.Handle.DangerousGetHandle()));
        Assert.Equal(0, posix_fadvise((int)file.Handle.DangerousGetHandle(), 0, 0, PosixFadvDontNeed));
        Assert.SkipWhen(RxSockets.Engines.IoUring.PageCache.Holds((int)file.Handle.DangerousGetHandle(), 0, file.Bytes.Length), "This file system keeps its files in memory.");
        await TransmitAsync(TransmitFlags.None);
        Assert.True(port.Statistics.ColdTransmits > before, "the loop read a cold file");
        await connection.DisposeAsync();
        peer.Dispose();
    }

    [Theory]
    [MemberData(nameof(All))]
    public async Task Others_of_the_loop_go_on_while_much_is_transmitted(EngineKind engine, CompletionScheduling scheduling)
    {
        await using var port = new TestPort(engine, scheduling);
        await using RxListener listener = port.Listen();
        Task serving = TestPort.EchoAsync(listener);
        (RxConnection connection, Socket sink) = await port.AcceptPeerAsync();
        using Socket echo = await Peers.ConnectAsync(listener.LocalEndPoint);
        using var file = new TestFile(4 << 20);
        Task draining = Task.Run(() =>
        {
            byte[] buffer = new byte[1 << 20];
            while (sink.Receive(buffer) > 0)
            {
            }
        });
        int pieces = RxSockets.Testing.Wine.Scaled(256, underWine: 16);
        int wanted = RxSockets.Testing.Wine.Scaled(10, underWine: 2);
        TransmitPacket[] packets = [.. Enumerable.Repeat(TransmitPacket.FromFile(file.Handle), pieces)];
        int most = 0;
        // A loop that is held up serves one echo for each transmit, however many there are. On a busy machine a whole transmit may fit into one turn of the other threads.
        for (int transmits = 0; transmits < 10 && most <= wanted; transmits++)
        {
            Task<TransmitResult> transmitting = connection.TransmitPacketsAsync(packets).AsTask();
            int echoed = 0;
            while (!transmitting.IsCompleted)
            {
                await echo.SendAsync("ping"u8.ToArray()).Within();
                await echo.ReceiveExactlyAsync(4);
                echoed++;
            }

            Assert.Equal((long)pieces * file.Bytes.Length, (await transmitting).BytesTransmitted);
            most = Math.Max(most, echoed);
        }

        Assert.True(most > wanted, $"{most} echoes while all of it left");
        await connection.DisposeAsync();
        await draining.Within();
        sink.Dispose();
        echo.Dispose();
        await listener.DisposeAsync();
        await serving.Within();
    }

    private static unsafe long DataSegmentsOut(RxConnection connection)
    {
        byte* info = stackalloc byte[256];
        uint length = 256;
        Assert.Equal(0, getsockopt((int)connection.SafeHandle.DangerousGetHandle(), 6, TcpInfo, info, &length));
        Assert.True(length >= DataSegmentsOutOffset + 4, "the kernel does not count data segments");
        return BinaryPrimitives.ReadUInt32LittleEndian(new ReadOnlySpan<byte>(info + DataSegmentsOutOffset, 4));
    }

    [DllImport("libc")]
    private static extern unsafe int getsockopt(int fd, int level, int name, byte* value, uint* length);

    [DllImport("libc")]
    private static extern int fsync(int fd);

    [DllImport("libc")]
    private static extern int posix_fadvise(int fd, long offset, long length, int advice);
}
