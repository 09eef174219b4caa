using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace RxSockets.Conformance;

/// <summary>TransmitPackets on stream connections.</summary>
public class TransmitPacketsTests
{
    public static TheoryData<EngineKind, CompletionScheduling> All => Engines.All;

    [Theory]
    [MemberData(nameof(All))]
    public async Task Memory_and_files_arrive_in_order_whatever_the_send_size(EngineKind engine, CompletionScheduling scheduling)
    {
        await using var port = new TestPort(engine, scheduling);
        (RxConnection connection, Socket peer) = await port.AcceptPeerAsync();
        using var first = new TestFile(150_000, seed: 1);
        using var second = new TestFile(10, seed: 2);
        TransmitPacket[] packets =
        [
            TransmitPacket.FromMemory("a"u8.ToArray()),
            TransmitPacket.FromFile(first.Handle),
            TransmitPacket.FromMemory(ReadOnlyMemory<byte>.Empty, endOfPacket: true),
            TransmitPacket.FromFile(second.Handle, offset: 9, endOfPacket: true),
            TransmitPacket.FromFile(second.Handle, offset: 10),
            TransmitPacket.FromMemory("bc"u8.ToArray(), endOfPacket: true),
            TransmitPacket.FromFile(first.Handle, offset: 149_000, count: 500),
            TransmitPacket.FromFile(second.Handle, offset: 0, count: 10),
        ];
        byte[] expected = [.. "a"u8, .. first.Bytes, second.Bytes[9], .. "bc"u8, .. first.Bytes[149_000..149_500], .. second.Bytes];
        foreach (int sendSize in new[] { 0, 1000, 7, 1 << 30, TransmitPacket.SendSizePerPacket })
        {
            Task<TransmitResult> transmitting = connection.TransmitPacketsAsync(packets, sendSize).AsTask();
            Bytes.Same(expected, await peer.ReceiveExactlyAsync(expected.Length));
            Assert.Equal(expected.Length, (await transmitting.Within()).BytesTransmitted);
        }

        Assert.Equal(0, (await connection.TransmitPacketsAsync(ReadOnlyMemory<TransmitPacket>.Empty).Within()).BytesTransmitted);
        await connection.DisposeAsync();
        peer.Dispose();
    }

    [Theory]
    [MemberData(nameof(All))]
    public async Task Many_pieces_of_memory(EngineKind engine, CompletionScheduling scheduling)
    {
        await using var port = new TestPort(engine, scheduling);
        (RxConnection connection, Socket peer) = await port.AcceptPeerAsync();
        var expected = new List<byte>();
        var packets = new List<TransmitPacket>();
        for (int i = 0; i < 1000; i++)
        {
            byte[] bytes = [.. Enumerable.Repeat((byte)i, i % 300)];
            expected.AddRange(bytes);
            packets.Add(TransmitPacket.FromMemory(bytes, endOfPacket: i % 3 == 0));
        }

        foreach (int sendSize in new[] { 0, 100, TransmitPacket.SendSizePerPacket })
        {
            Task<TransmitResult> transmitting = connection.TransmitPacketsAsync(packets.ToArray(), sendSize).AsTask();
            Bytes.Same(expected, await peer.ReceiveExactlyAsync(expected.Count));
            await transmitting.Within();
        }

        await connection.DisposeAsync();
        peer.Dispose();
    }

    [Theory]
    [MemberData(nameof(All))]
    public async Task The_current_position_is_the_handles_and_is_not_moved(EngineKind engine, CompletionScheduling scheduling)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Moves the position with lseek.");
        await using var port = new TestPort(engine, scheduling);
        (RxConnection connection, Socket peer) = await port.AcceptPeerAsync();
        using var file = new TestFile(1000);
        Assert.Equal(600, lseek((int)file.Handle.DangerousGetHandle(), 600, 0));
        var packets = new[] { TransmitPacket.FromFile(file.Handle, TransmitPacket.CurrentPosition, count: 100), TransmitPacket.FromFile(file.Handle, TransmitPacket.CurrentPosition) };
        Assert.Equal(500, (await connection.TransmitPacketsAsync(packets).Within()).BytesTransmitted);
        Bytes.Same([.. file.Bytes[600..700], .. file.Bytes[600..]], await peer.ReceiveExactlyAsync(500));
        Assert.Equal(600, lseek((int)file.Handle.DangerousGetHandle(), 0, 1));
        await connection.DisposeAsync();
        peer.Dispose();
    }

    [Theory]
    [MemberData(nameof(All))]
    public async Task A_file_that_cannot_seek_is_invalid(EngineKind engine, CompletionScheduling scheduling)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Opens a pipe by its path in /proc.");
        await using var port = new TestPort(engine, scheduling);
        (RxConnection connection, Socket peer) = await port.AcceptPeerAsync();
        using var pipe = new System.IO.Pipes.AnonymousPipeServerStream();
        using var file = new Microsoft.Win32.SafeHandles.SafeFileHandle(pipe.SafePipeHandle.DangerousGetHandle(), ownsHandle: false);
        var error = await Assert.ThrowsAsync<TransmitException>(() => connection.TransmitFileAsync(file).Within());
        Assert.Equal(SocketError.InvalidArgument, error.SocketErrorCode);
        error = await Assert.ThrowsAsync<TransmitException>(() => connection.TransmitPacketsAsync(new[] { TransmitPacket.FromFile(file, TransmitPacket.CurrentPosition) }).Within());
        Assert.Equal(SocketError.InvalidArgument, error.SocketErrorCode);
        await connection.DisposeAsync();
        peer.Dispose();
    }

    [DllImport("libc")]
    private static extern long lseek(int fd, long offset, int whence);
}
