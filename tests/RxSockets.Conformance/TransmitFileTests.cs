using System.Net.Sockets;

namespace RxSockets.Conformance;

/// <summary>TransmitFile's table: what is sent, in which order, and what is reported.</summary>
public class TransmitFileTests
{
    public static TheoryData<EngineKind, CompletionScheduling> All => Engines.All;

    [Theory]
    [MemberData(nameof(All))]
    public async Task Head_file_range_and_tail_arrive_in_order(EngineKind engine, CompletionScheduling scheduling)
    {
        await using var port = new TestPort(engine, scheduling);
        (RxConnection connection, Socket peer) = await port.AcceptPeerAsync();
        using var file = new TestFile(700_000);
        byte[] head = "head"u8.ToArray(), tail = "the tail"u8.ToArray();
        (long Offset, long Count, int BytesPerSend)[] cases =
            [(0, 0, 0), (0, 700_000, 0), (1, 0, 0), (699_999, 0, 0), (700_000, 0, 0), (65_537, 200_001, 0), (3, 100_000, 1000), (4095, 2, 1)];
        foreach ((long offset, long count, int bytesPerSend) in cases)
        {
            byte[] range = file.Bytes[(int)offset..(int)(count == 0 ? file.Bytes.Length : offset + count)];
            byte[] expected = [.. head, .. range, .. tail];
            Task<TransmitResult> transmitting = connection.TransmitFileAsync(
                file.Handle, new FileTransmitOptions { Head = head, Tail = tail, Offset = offset, Count = count, BytesPerSend = bytesPerSend }).AsTask();
            Bytes.Same(expected, await peer.ReceiveExactlyAsync(expected.Length));
            Assert.Equal(new TransmitResult(expected.Length), await transmitting.Within());
        }

        Assert.Equal(connection.BytesSent, cases.Sum(entry => 12 + (entry.Count == 0 ? 700_000 - entry.Offset : entry.Count)));
        await connection.DisposeAsync();
        peer.Dispose();
    }

    [Theory]
    [MemberData(nameof(All))]
    public async Task Without_a_file_head_and_tail_go_and_nothing_at_all_is_fine(EngineKind engine, CompletionScheduling scheduling)
    {
        await using var port = new TestPort(engine, scheduling);
        (RxConnection connection, Socket peer) = await port.AcceptPeerAsync();
        Assert.Equal(0, (await connection.TransmitFileAsync(null).Within()).BytesTransmitted);
        using var empty = new TestFile(0);
        Assert.Equal(0, (await connection.TransmitFileAsync(empty.Handle).Within()).BytesTransmitted);
        var options = new FileTransmitOptions { Head = "ab"u8.ToArray(), Tail = "c"u8.ToArray() };
        Assert.Equal(3, (await connection.TransmitFileAsync(null, options).Within()).BytesTransmitted);
        Assert.Equal(3, (await connection.TransmitFileAsync(empty.Handle, options).Within()).BytesTransmitted);
        Assert.Equal("abcabc"u8.ToArray(), await peer.ReceiveExactlyAsync(6));
        await connection.DisposeAsync();
        peer.Dispose();
    }

    [Theory]
    [MemberData(nameof(All))]
    public async Task Transmits_sends_and_the_fin_leave_whole_and_in_call_order(EngineKind engine, CompletionScheduling scheduling)
    {
        await using var port = new TestPort(engine, scheduling);
        (RxConnection connection, Socket peer) = await port.AcceptPeerAsync();
        using var file = new TestFile(300_000);
        var expected = new List<byte>();
        var sends = new List<Task>();
        for (int i = 0; i < 40; i++)
        {
            byte[] message = [.. Enumerable.Repeat((byte)i, 1 + (i * 997 % 5000))];
            expected.AddRange(message);
            sends.Add(connection.SendAsync(message).AsTask());
            if (i % 4 != 0)
                continue;
            sends.Add(connection.TransmitFileAsync(file.Handle, new FileTransmitOptions { Head = message, Offset = i, Count = 50_000 }).AsTask());
            expected.AddRange(message);
            expected.AddRange(file.Bytes[i..(i + 50_000)]);
        }

        sends.Add(connection.CompleteWritesAsync().AsTask());
        Bytes.Same(expected, await peer.ReceiveExactlyAsync(expected.Count));
        Assert.Equal(0, await peer.ReceiveAsync(new byte[1]).Within());
        await Task.WhenAll(sends).Within();
        await connection.DisposeAsync();
        peer.Dispose();
    }

    [Theory]
    [MemberData(nameof(All))]
    public async Task Receiving_goes_on_during_and_after_a_transmit(EngineKind engine, CompletionScheduling scheduling)
    {
        await using var port = new TestPort(engine, scheduling);
        (RxConnection connection, Socket peer) = await port.AcceptPeerAsync();
        using var file = new TestFile(8 << 20);
        Task<TransmitResult> transmitting = connection.TransmitFileAsync(file.Handle).AsTask();
        byte[] one = new byte[1];
        for (byte i = 0; i < 20; i++)
        {
            ValueTask<int> receiving = connection.ReceiveAsync(one);
            await Task.Yield();
            await peer.SendAsync(new[] { i }).Within();
            Assert.Equal(1, await receiving.Within());
            Assert.Equal(i, one[0]);
        }

        Bytes.Same(file.Bytes, await peer.ReceiveExactlyAsync(file.Bytes.Length));
        await transmitting.Within();
        // The descriptor has seen a transmit: waiting for data and for room still works.
        ValueTask<int> late = connection.ReceiveAsync(one);
        Task sending = connection.SendAsync(file.Bytes).AsTask();
        Bytes.Same(file.Bytes, await peer.ReceiveExactlyAsync(file.Bytes.Length));
        await sending.Within();
        await peer.SendAsync("z"u8.ToArray()).Within();
        Assert.Equal(1, await late.Within());
        await connection.DisposeAsync();
        peer.Dispose();
    }

    [Theory]
    [MemberData(nameof(All))]
    public async Task Progress_is_told_and_ends_with_the_whole(EngineKind engine, CompletionScheduling scheduling)
    {
        await using var port = new TestPort(engine, scheduling);
        (RxConnection connection, Socket peer) = await port.AcceptPeerAsync();
        using var file = new TestFile(32 << 20);
        var reports = new Reports();
        Task<TransmitResult> transmitting = connection.TransmitFileAsync(file.Handle, new FileTransmitOptions { Progress = reports }).AsTask();
        await peer.ReceiveExactlyAsync(file.Bytes.Length);
        await transmitting.Within();
        long[] values = reports.ToArray();
        Assert.True(values.Length > 3, $"{values.Length} reports");
        Assert.Equal(values.Order(), values);
        Assert.Equal(file.Bytes.Length, values[^1]);
        await connection.DisposeAsync();
        peer.Dispose();
    }

    [Theory]
    [MemberData(nameof(All))]
    public async Task Over_a_unix_socket(EngineKind engine, CompletionScheduling scheduling)
    {
        Assert.SkipUnless(Socket.OSSupportsUnixDomainSockets, "This system has no Unix sockets (Wine: error 10047 from WSASocket).");
        await using var port = new TestPort(engine, scheduling);
        string path = Path.Combine(Path.GetTempPath(), "rx-" + Guid.NewGuid().ToString("N") + ".sock");
        await using RxListener listener = port.Listen(endPoint: new UnixDomainSocketEndPoint(path));
        ValueTask<RxConnection> accepting = listener.AcceptAsync();
        using Socket peer = await Peers.ConnectAsync(listener.LocalEndPoint);
        await using RxConnection connection = await accepting.Within();
        using var file = new TestFile(3_000_000);
        byte[] edge = "edge"u8.ToArray();
        Task<TransmitResult> transmitting = connection.TransmitFileAsync(file.Handle, new FileTransmitOptions { Head = edge, Tail = edge }).AsTask();
        byte[] expected = [.. edge, .. file.Bytes, .. edge];
        Bytes.Same(expected, await peer.ReceiveExactlyAsync(expected.Length));
        await transmitting.Within();
    }

    private sealed class Reports : IProgress<long>
    {
        private readonly List<long> _values = [];

        public void Report(long value)
        {
            lock (_values)
                _values.Add(value);
        }

        public long[] ToArray()
        {
            lock (_values)
                return [.. _values];
        }
    }
}
