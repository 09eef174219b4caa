using System.Buffers;
using System.Net.Sockets;
using System.Reactive.Linq;
using System.Reactive.Threading.Tasks;

namespace RxSockets.Conformance;

/// <summary>One reader, lent memory, nothing lost on leaving, and the races of cancel and disposal.</summary>
public class DatagramReaderTests
{
    public static TheoryData<EngineKind, CompletionScheduling> All => Engines.All;

    [Theory]
    [MemberData(nameof(All))]
    public async Task Leaving_loses_no_datagram_that_was_taken(EngineKind engine, CompletionScheduling scheduling)
    {
        const int Count = 300;
        await using var port = new TestPort(engine, scheduling);
        await using RxDatagramSocket socket = port.Datagrams(static options => options.ReceiveBufferSize = 4 << 20);
        using Socket peer = Peers.Datagrams();
        await peer.ConnectAsync(socket.LocalEndPoint).Within();
        for (int i = 0; i < Count; i++)
            await peer.SendAsync(BitConverter.GetBytes(i)).Within();
        var received = new List<int>();
        for (int turn = 0; received.Count < Count; turn++)
        {
            if (turn % 2 == 0)
            {
                await foreach (ReceivedDatagram datagram in socket.ReceiveAllAsync())
                {
                    received.Add(BitConverter.ToInt32(datagram.Memory.Span));
                    break;
                }
            }
            else
            {
                received.AddRange(await socket.Received.Select(static datagram => BitConverter.ToInt32(datagram.Memory.Span))
                    .Take(Math.Min(3, Count - received.Count)).ToList().ToTask().Within());
            }
        }

        Assert.Equal(Enumerable.Range(0, Count), received);
    }

    [Theory]
    [MemberData(nameof(All))]
    public async Task Cancelled_reads_lose_no_datagram(EngineKind engine, CompletionScheduling scheduling)
    {
        const int Count = 300;
        await using var port = new TestPort(engine, scheduling);
        await using RxDatagramSocket socket = port.Datagrams(static options => options.ReceiveBufferSize = 4 << 20);
        using Socket peer = Peers.Datagrams();
        await peer.ConnectAsync(socket.LocalEndPoint).Within();
        var received = new List<int>();
        int cancelled = 0;
        for (int i = 0; i < Count; i++)
        {
            using var cancel = new CancellationTokenSource();
            Task reading = socket.ReceiveAllAsync(cancel.Token).ForEachAsync(datagram =>
            {
                received.Add(BitConverter.ToInt32(datagram.Memory.Span));
                return ValueTask.CompletedTask;
            });
            Task sending = peer.SendAsync(BitConverter.GetBytes(i));
            if (i % 3 == 0)
                await sending.Within();
            if (i % 2 == 0)
                await Task.Yield();
            await cancel.CancelAsync();
            await sending.Within();
            var error = await Assert.ThrowsAnyAsync<OperationCanceledException>(() => reading.Within());
            Assert.Equal(cancel.Token, error.CancellationToken);
            cancelled++;
        }

        Assert.Equal(Count, cancelled);
        while (received.Count < Count)
            received.Add(await socket.Received.Select(static datagram => BitConverter.ToInt32(datagram.Memory.Span)).FirstAsync().ToTask().Within());
        Assert.Equal(Enumerable.Range(0, Count), received);
    }

    [Theory]
    [MemberData(nameof(All))]
    public async Task A_datagram_is_lent_and_may_be_retained_and_a_second_reader_is_refused(EngineKind engine, CompletionScheduling scheduling)
    {
        await using var port = new TestPort(engine, scheduling);
        await using RxDatagramSocket socket = port.Datagrams();
        using Socket peer = Peers.Datagrams();
        await peer.SendToAsync("first"u8.ToArray(), socket.LocalEndPoint).Within();
        await peer.SendToAsync("second"u8.ToArray(), socket.LocalEndPoint).Within();
        IAsyncEnumerator<ReceivedDatagram> reader = socket.ReceiveAllAsync().GetAsyncEnumerator();
        Assert.True(await reader.MoveNextAsync().AsTask().Within());
        ReceivedDatagram lent = reader.Current;
        IMemoryOwner<byte> kept = lent.Retain();
        await Assert.ThrowsAsync<InvalidOperationException>(() => socket.Received.FirstAsync().ToTask().Within());
        Assert.True(await reader.MoveNextAsync().AsTask().Within());
        Assert.Equal("second"u8, reader.Current.Memory.Span);
        Assert.Throws<InvalidOperationException>(() => lent.Memory);
        Assert.Equal(peer.LocalEndPoint, lent.RemoteEndPoint);
        Assert.Equal("first"u8, kept.Memory.Span);
        kept.Dispose();
        await reader.DisposeAsync();
    }

    [Theory]
    [MemberData(nameof(All))]
    public async Task A_reader_that_keeps_everything_stops_the_receive(EngineKind engine, CompletionScheduling scheduling)
    {
        const int Limit = 8, Burst = 16;
        await using var port = new TestPort(engine, scheduling, static options => options.ReceiveBuffers = Burst);
        await using RxDatagramSocket socket = port.Datagrams(static options =>
        {
            options.ReceiveLimit = Limit;
            options.ReceiveBufferSize = 4 << 20;
        });
        using Socket peer = Peers.Datagrams();
        await peer.ConnectAsync(socket.LocalEndPoint).Within();
        for (int i = 0; i < 200; i++)
            await peer.SendAsync(BitConverter.GetBytes(i)).Within();
        var kept = new List<IMemoryOwner<byte>>();
        IAsyncEnumerator<ReceivedDatagram> reader = socket.ReceiveAllAsync().GetAsyncEnumerator();
        Task<bool> pending = reader.MoveNextAsync().AsTask();
        for (int turns = 0; turns < 500 || kept.Count < Limit; turns++)
        {
            // What could come has come by then, or nearly so; if nothing stopped it, all two hundred have.
            if (kept.Count < Limit)
                await pending.Within();
            else if (!pending.IsCompleted)
                await Task.Yield();
            if (!pending.IsCompleted)
                continue;
            kept.Add(reader.Current.Retain());
            pending = reader.MoveNextAsync().AsTask();
        }

        Assert.InRange(kept.Count, Limit, Limit + Burst);
        Assert.InRange(socket.DatagramsReceived, kept.Count, Limit + Burst);
        kept.ForEach(static owner => owner.Dispose());
        for (int i = kept.Count; i < 200; i++)
        {
            Assert.True(await pending.Within());
            Assert.Equal(i, BitConverter.ToInt32(reader.Current.Memory.Span));
            if (i < 199)
                pending = reader.MoveNextAsync().AsTask();
        }

        await reader.DisposeAsync();
    }

    [Theory]
    [MemberData(nameof(All))]
    public async Task Sockets_share_few_buffers(EngineKind engine, CompletionScheduling scheduling)
    {
        await using var port = new TestPort(engine, scheduling, static options =>
        {
            options.ReceiveBuffers = 1;
            options.ReceiveBufferSize = 256;
            options.MaxReceiveBufferBytes = 512;
        });
        // One buffer of the size for all of them.
        var sockets = new List<RxDatagramSocket>();
        using Socket peer = Peers.Datagrams();
        int received = 0;
        var reading = new List<Task>();
        for (int i = 0; i < 5; i++)
        {
            RxDatagramSocket socket = port.Datagrams();
            sockets.Add(socket);
            reading.Add(socket.ReceiveAllAsync().Select(_ => Interlocked.Increment(ref received)).Take(20).CountAsync().AsTask());
        }

        for (int i = 0; i < 20; i++)
        {
            foreach (RxDatagramSocket socket in sockets)
                await peer.SendToAsync(new byte[100], socket.LocalEndPoint).Within();
        }

        await Task.WhenAll(reading).Within();
        Assert.Equal(100, received);
        foreach (RxDatagramSocket socket in sockets)
            await socket.DisposeAsync();
    }

    [Theory]
    [MemberData(nameof(All))]
    public async Task A_throwing_observer_does_not_end_the_stream(EngineKind engine, CompletionScheduling scheduling)
    {
        await using var port = new TestPort(engine, scheduling);
        await using RxDatagramSocket socket = port.Datagrams();
        using Socket peer = Peers.Datagrams();
        var heard = new TaskCompletionSource();
        using IDisposable subscription = socket.Received.Subscribe(datagram =>
        {
            if (datagram.Length == 1)
                throw new InvalidOperationException("thrown by the test");
            heard.SetResult();
        });
        await peer.SendToAsync(new byte[1], socket.LocalEndPoint).Within();
        await peer.SendToAsync(new byte[2], socket.LocalEndPoint).Within();
        await heard.Task.Within();
        Assert.IsType<InvalidOperationException>(Assert.Single(port.TakeUnhandled()));
    }

    [Theory]
    [MemberData(nameof(All))]
    public async Task Disposal_in_the_middle_of_everything_ends_everything_once(EngineKind engine, CompletionScheduling scheduling)
    {
        await using var port = new TestPort(engine, scheduling);
        using Socket peer = Peers.Datagrams();
        for (int round = 0; round < 100; round++)
        {
            RxDatagramSocket socket = port.Datagrams();
            await socket.ConnectAsync(peer.LocalEndPoint!);
            Task reading = socket.ReceiveAllAsync().ForEachAsync(static _ => ValueTask.CompletedTask);
            using var cancel = new CancellationTokenSource();
            Task[] sends = [.. Enumerable.Range(0, 10).Select(i => Task.Run(() => socket.SendAsync(new byte[100], i % 2 == 0 ? cancel.Token : default).AsTask()))];
            await peer.SendToAsync(new byte[100], socket.LocalEndPoint).Within();
            if (round % 2 == 0)
                await Task.Yield();
            Task cancelling = cancel.CancelAsync();
            await socket.DisposeAsync().AsTask().Within();
            await cancelling.Within();
            var error = await Assert.ThrowsAsync<SocketException>(() => reading.Within());
            Assert.Equal(SocketError.OperationAborted, error.SocketErrorCode);
            foreach (Task send in sends)
            {
                Exception? ended = await Record.ExceptionAsync(() => send.Within());
                Assert.True(ended is null or OperationCanceledException or ObjectDisposedException or SocketException { SocketErrorCode: SocketError.OperationAborted }, ended?.ToString());
            }
        }
    }

    [Theory]
    [MemberData(nameof(All))]
    public async Task Disposing_the_port_ends_its_datagram_sockets(EngineKind engine, CompletionScheduling scheduling)
    {
        await using var port = new TestPort(engine, scheduling);
        RxDatagramSocket socket = port.Datagrams();
        Task reading = socket.ReceiveAllAsync().ForEachAsync(static _ => ValueTask.CompletedTask);
        await port.Port.DisposeAsync().AsTask().Within();
        await Assert.ThrowsAsync<SocketException>(() => reading.Within());
        Assert.Throws<ObjectDisposedException>(() => port.Datagrams());
    }
}
