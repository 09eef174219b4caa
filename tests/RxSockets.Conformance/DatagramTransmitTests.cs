using System.Buffers.Binary;
using System.Net.Sockets;
using RxSockets.Testing;

namespace RxSockets.Conformance;

/// <summary>TransmitPackets on connected datagram sockets: each EndOfPacket a datagram.</summary>
[Collection(nameof(SteadyStateTests))]
public class DatagramTransmitTests
{
    public static TheoryData<EngineKind, CompletionScheduling> All => Engines.All;

    [Theory]
    [MemberData(nameof(All))]
    public async Task Each_end_of_packet_is_a_datagram_of_memory_and_files(EngineKind engine, CompletionScheduling scheduling)
    {
        await using var port = new TestPort(engine, scheduling);
        await using RxDatagramSocket socket = port.Datagrams();
        using Socket peer = Peers.Datagrams();
        using var file = new TestFile(1000);
        await socket.ConnectAsync(peer.LocalEndPoint!);
        byte[] many = [.. Enumerable.Range(0, 100).Select(static i => (byte)i)];
        TransmitPacket[] packets =
        [
            TransmitPacket.FromMemory("one"u8.ToArray(), endOfPacket: true),
            TransmitPacket.FromMemory("head "u8.ToArray()),
            TransmitPacket.FromFile(file.Handle, 10, 20),
            TransmitPacket.FromMemory(" tail"u8.ToArray(), endOfPacket: true),
            TransmitPacket.FromMemory(default, endOfPacket: true),
            .. many.Select(static (b, i) => TransmitPacket.FromMemory(new[] { b }, endOfPacket: i == 99)),
            TransmitPacket.FromFile(file.Handle, endOfPacket: true),
            TransmitPacket.FromMemory("a "u8.ToArray()),
            TransmitPacket.FromMemory("b"u8.ToArray(), endOfPacket: true),
            TransmitPacket.FromFile(file.Handle, 990, 0),
        ];
        byte[][] expected =
        [
            "one"u8.ToArray(), [.. "head "u8, .. file.Bytes.AsSpan(10, 20), .. " tail"u8], [], many, file.Bytes, "a b"u8.ToArray(), file.Bytes[990..],
        ];
        // In call order with the sends around it.
        Task before = socket.SendAsync("before"u8.ToArray()).AsTask();
        Task<TransmitResult> transmitting = socket.TransmitPacketsAsync(packets, TransmitPacket.SendSizePerPacket, TransmitFlags.UseSystemThread).AsTask();
        Task after = socket.SendAsync("after"u8.ToArray()).AsTask();
        Assert.Equal("before"u8.ToArray(), await peer.ReceiveDatagramAsync());
        foreach (byte[] datagram in expected)
            Assert.Equal(datagram, await peer.ReceiveDatagramAsync());
        Assert.Equal("after"u8.ToArray(), await peer.ReceiveDatagramAsync());
        Assert.Equal(expected.Sum(static datagram => datagram.Length), (await transmitting.Within()).BytesTransmitted);
        await Task.WhenAll(before, after).Within();
        Assert.Equal(expected.Length + 2, socket.DatagramsSent);
        Assert.Equal(0, (await socket.TransmitPacketsAsync(default).AsTask().Within()).BytesTransmitted);
    }

    [Theory]
    [MemberData(nameof(All))]
    public async Task A_large_file_in_datagrams(EngineKind engine, CompletionScheduling scheduling)
    {
        const int Size = 1400, Count = 500;
        await using var port = new TestPort(engine, scheduling);
        await using RxDatagramSocket socket = port.Datagrams();
        using Socket peer = Peers.Datagrams();
        peer.ReceiveBufferSize = 8 << 20;
        using var file = new TestFile(Size * Count);
        await socket.ConnectAsync(peer.LocalEndPoint!);
        Task<List<byte>> receiving = Task.Run(() =>
        {
            var all = new List<byte>();
            byte[] bytes = new byte[65536];
            peer.ReceiveTimeout = 20_000;
            for (int i = 0; i < Count; i++)
            {
                Assert.Equal(Size, peer.Receive(bytes));
                all.AddRange(bytes.AsSpan(0, Size));
            }

            return all;
        });
        TransmitPacket[] packets = [.. Enumerable.Range(0, Count).Select(i => TransmitPacket.FromFile(file.Handle, i * Size, Size, endOfPacket: true))];
        TransmitResult result = await socket.TransmitPacketsAsync(packets).AsTask().Within();
        Assert.Equal(Size * Count, result.BytesTransmitted);
        Bytes.Same(await receiving.Within(), file.Bytes);
    }

    [Theory]
    [MemberData(nameof(All))]
    public async Task Errors_are_those_of_the_call_with_what_had_left(EngineKind engine, CompletionScheduling scheduling)
    {
        await using var port = new TestPort(engine, scheduling);
        await using RxDatagramSocket socket = port.Datagrams();
        using Socket peer = Peers.Datagrams();
        using var file = new TestFile(100_000);
        TransmitPacket small = TransmitPacket.FromMemory(new byte[10], endOfPacket: true);
        await FailsAsync(SocketError.NotConnected, 0, small);
        await socket.ConnectAsync(peer.LocalEndPoint!);
        foreach (TransmitFlags flags in (TransmitFlags[])[TransmitFlags.Disconnect, TransmitFlags.ReuseSocket, TransmitFlags.WriteBehind, (TransmitFlags)0x80])
        {
            var invalid = await Assert.ThrowsAsync<TransmitException>(() => socket.TransmitPacketsAsync(new[] { small }, 0, flags).AsTask());
            Assert.Equal(SocketError.InvalidArgument, invalid.SocketErrorCode);
        }

        await FailsAsync(SocketError.InvalidArgument, 0, small, TransmitPacket.FromFile(file.Handle, 100_001));
        await FailsAsync(SocketError.InvalidArgument, 0, small, TransmitPacket.FromFile(file.Handle, 0, 100_001));
        Assert.Equal(0, socket.DatagramsSent);

        // What stood before the datagram that is too long has left; it, and what stood behind it, has not.
        await FailsAsync(SocketError.MessageSize, 20, small, small, TransmitPacket.FromMemory(new byte[70_000], endOfPacket: true), small);
        await FailsAsync(SocketError.MessageSize, 10, small, TransmitPacket.FromFile(file.Handle), small);
        TransmitPacket part = TransmitPacket.FromFile(file.Handle, 50_000, 1_000, endOfPacket: true);
        Task<TransmitResult> shrinking = socket.TransmitPacketsAsync(new[] { small, part }).AsTask();
        Assert.Equal(1010, (await shrinking.Within()).BytesTransmitted);
        await socket.SendAsync("still here"u8.ToArray());
        foreach (int length in (int[])[10, 10, 10, 10, 1000, 10])
            Assert.Equal(length, (await peer.ReceiveDatagramAsync()).Length);
        Assert.False(file.Handle.IsClosed);

        async Task FailsAsync(SocketError expected, long transmitted, params TransmitPacket[] packets)
        {
            var error = await Assert.ThrowsAsync<TransmitException>(() => socket.TransmitPacketsAsync(packets).AsTask().Within());
            Assert.Equal((expected, transmitted), (error.SocketErrorCode, error.BytesTransmitted));
        }
    }

    [Theory]
    [MemberData(nameof(All))]
    public async Task A_file_that_shrinks_ends_the_transmit_behind_what_was_whole(EngineKind engine, CompletionScheduling scheduling)
    {
        const int Size = 60_000, Count = 4000;
        await using var port = new TestPort(engine, scheduling);
        await using RxDatagramSocket socket = port.Datagrams();
        using Socket peer = Peers.Datagrams();
        using var file = new TestFile(1000);
        file.SetLength((long)Size * Count);
        await socket.ConnectAsync(peer.LocalEndPoint!);
        // Reading it all takes far longer than the way from the call to the cut.
        TransmitPacket[] packets = [.. Enumerable.Range(0, Count).Select(i => TransmitPacket.FromFile(file.Handle, (long)i * Size, Size, endOfPacket: true))];
        Task<TransmitResult> transmitting = socket.TransmitPacketsAsync(packets).AsTask();
        file.SetLength(Size + 1);
        var error = await Assert.ThrowsAsync<TransmitException>(() => transmitting.Within());
        Assert.Equal(SocketError.InvalidArgument, error.SocketErrorCode);
        Assert.Equal(0, error.BytesTransmitted % Size);
        Assert.InRange(error.BytesTransmitted, Size, (Count - 1L) * Size);
        Assert.Equal(error.BytesTransmitted / Size, socket.DatagramsSent);
    }

    [Theory]
    [MemberData(nameof(All))]
    public async Task Cancelled_and_disposed_while_a_file_is_read(EngineKind engine, CompletionScheduling scheduling)
    {
        await using var port = new TestPort(engine, scheduling);
        using Socket peer = Peers.Datagrams();
        using var file = new TestFile(1 << 20);
        TransmitPacket[] packets = [.. Enumerable.Range(0, 500).Select(i => TransmitPacket.FromFile(file.Handle, i * 2000, 2000, endOfPacket: true))];
        for (int round = 0; round < 100; round++)
        {
            RxDatagramSocket socket = port.Datagrams();
            await socket.ConnectAsync(peer.LocalEndPoint!);
            using var cancel = new CancellationTokenSource();
            Task<TransmitResult> first = socket.TransmitPacketsAsync(packets, cancellationToken: cancel.Token).AsTask();
            Task<TransmitResult> second = socket.TransmitPacketsAsync(packets).AsTask();
            if (round % 3 == 0)
                await Task.Yield();
            Task cancelling = round % 2 == 0 ? cancel.CancelAsync() : Task.CompletedTask;
            Task disposing = socket.DisposeAsync().AsTask();
            foreach (Task<TransmitResult> transmit in (Task<TransmitResult>[])[first, second])
            {
                Exception? error = await Record.ExceptionAsync(() => transmit.Within());
                Assert.True(error is null or TransmitCanceledException or TransmitException { SocketErrorCode: SocketError.OperationAborted }, error?.ToString());
            }

            await disposing.Within();
            await cancelling.Within();
        }
    }

    [Theory]
    [MemberData(nameof(All))]
    public async Task A_window_that_is_being_read_is_left_alone_by_sends_behind_it(EngineKind engine, CompletionScheduling scheduling)
    {
        await using var port = new TestPort(engine, scheduling);
        using Socket peer = Peers.Datagrams();
        using var file = new TestFile(1 << 17);
        await using RxDatagramSocket socket = port.Datagrams();
        await socket.ConnectAsync(peer.LocalEndPoint!);
        TransmitPacket[] packets = [.. Enumerable.Range(0, 64).Select(i => TransmitPacket.FromFile(file.Handle, i * 2000, 2000, endOfPacket: true))];
        byte[] small = new byte[1];
        for (int round = 0; round < Wine.Scaled(300, underWine: 30); round++)
        {
            using var cancel = new CancellationTokenSource();
            Task<TransmitResult> transmit = socket.TransmitPacketsAsync(packets, cancellationToken: cancel.Token).AsTask();
            // Each of them looks at the queue, and the cancel comes when some of the window is in a batch.
            var behind = new List<Task>();
            while (!transmit.IsCompleted && behind.Count < 1000)
            {
                behind.Add(socket.SendAsync(small).AsTask());
                if (behind.Count == round % 40)
                    cancel.Cancel();
            }

            Exception? error = await Record.ExceptionAsync(() => transmit.Within());
            Assert.True(error is null or TransmitCanceledException, error?.ToString());
            await Task.WhenAll(behind).Within();
        }
    }

    [Theory]
    [MemberData(nameof(All))]
    [TestDeadline(120)]
    public async Task Two_hundred_thousand_in_transmitted_bursts_none_lost_none_merged_none_allocated_for(EngineKind engine, CompletionScheduling scheduling)
    {
        const int Burst = 200, Size = 64;
        int count = engine == EngineKind.Simulated ? 20_000 : Wine.Scaled(200_000, underWine: 10_000);
        int warming = count / 10;
        await using var port = new TestPort(engine, scheduling);
        await using RxDatagramSocket from = port.Datagrams();
        await using RxDatagramSocket to = port.Datagrams(static options => options.MaxDatagramSize = 1000);
        await from.ConnectAsync(to.LocalEndPoint);
        await to.ConnectAsync(from.LocalEndPoint);
        byte[] block = new byte[Burst * Size];
        TransmitPacket[] packets = [.. Enumerable.Range(0, Burst).Select(i => TransmitPacket.FromMemory(block.AsMemory(i * Size, Size), endOfPacket: true))];
        IAsyncEnumerator<ReceivedDatagram> reader = to.ReceiveAllAsync().GetAsyncEnumerator();
        int wrong = 0;
        long allocated = 0;
        for (int first = -warming; first < count; first += Burst)
        {
            if (first == 0)
                allocated = GC.GetTotalAllocatedBytes(precise: true);
            for (int i = 0; i < Burst; i++)
                BinaryPrimitives.WriteInt32LittleEndian(block.AsSpan(i * Size), first + i);
            TransmitResult result = await from.TransmitPacketsAsync(packets);
            if (result.BytesTransmitted != Burst * Size)
                wrong++;
            for (int i = 0; i < Burst; i++)
            {
                Assert.True(await reader.MoveNextAsync());
                ReadOnlySpan<byte> datagram = reader.Current.Memory.Span;
                if (datagram.Length != Size || BinaryPrimitives.ReadInt32LittleEndian(datagram) != first + i)
                    wrong++;
            }
        }

        allocated = GC.GetTotalAllocatedBytes(precise: true) - allocated;
        await reader.DisposeAsync();
        Assert.Equal(0, wrong);
        if (engine != EngineKind.Simulated)
            Assert.InRange(allocated, 0, count * (1 + (int)Math.Ceiling(AwaitCost.BytesPerAwait())));
        // Not a call for each: a batch of 64 leaves by one.
        if (engine == EngineKind.IoUring)
            Assert.InRange(port.Statistics.DirectSends, 0, (count + warming) / 16);
    }
}
