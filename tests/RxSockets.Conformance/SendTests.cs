using System.Buffers;
using System.Net.Sockets;
using RxSockets.Engines;
using RxSockets.Testing;

namespace RxSockets.Conformance;

public class SendTests
{
    public static TheoryData<EngineKind, CompletionScheduling> All => Engines.All;

    [Theory]
    [MemberData(nameof(All))]
    public async Task Concurrent_sends_leave_whole_and_in_call_order(EngineKind engine, CompletionScheduling scheduling)
    {
        const int Count = 500;
        await using var port = new TestPort(engine, scheduling, static options => options.MaxQueuedBytes = 5000);
        (RxConnection connection, Socket peer) = await port.AcceptPeerAsync();
        var expected = new List<byte>();
        var sends = new List<Task>();
        for (int i = 0; i < Count; i++)
        {
            byte[] message = [.. Enumerable.Repeat((byte)i, i * 7 % 3000)];
            expected.AddRange(message);
            sends.Add(connection.SendAsync(message).AsTask());
        }

        sends.Add(connection.CompleteWritesAsync().AsTask());
        Assert.Equal(expected, await peer.ReceiveExactlyAsync(expected.Count));
        Assert.Equal(0, await peer.ReceiveAsync(new byte[1]).Within());
        await Task.WhenAll(sends).Within();
        await connection.DisposeAsync();
        peer.Dispose();
    }

    [Theory]
    [MemberData(nameof(All))]
    public async Task What_a_handler_sends_without_waiting_arrives_in_order(EngineKind engine, CompletionScheduling scheduling)
    {
        const int Pieces = 16;
        await using var port = new TestPort(engine, scheduling);
        await using RxListener listener = port.Listen();
        byte[] answer = [.. Enumerable.Range(0, Pieces * 256).Select(static at => (byte)(at * 3 / 256))];
        Task serving = listener.AcceptAllAsync().ForEachConnectionAsync(
            async connection =>
            {
                await foreach (ReceivedSegment _ in connection.ReceiveAllAsync())
                {
                    ValueTask[] sends = [.. Enumerable.Range(0, Pieces).Select(at => connection.SendAsync(answer.AsMemory(at * 256, 256)))];
                    foreach (ValueTask send in sends)
                        await send;
                }
            },
            static (_, error) => Assert.Fail(error.ToString()));
        using (Socket peer = await Peers.ConnectAsync(listener.LocalEndPoint))
        {
            for (int round = 1; round <= 100; round++)
            {
                await peer.SendAsync("go"u8.ToArray()).Within();
                Assert.Equal(answer, await peer.ReceiveExactlyAsync(answer.Length));
                // Where handlers run on the ring's own thread, nothing leaves before the handler waits.
                if (engine == EngineKind.IoUring && scheduling == CompletionScheduling.Inline)
                    Assert.Equal(round, port.Statistics.SubmittedCount(Verb.Send));
            }

            peer.Shutdown(SocketShutdown.Send);
            Assert.Equal(0, await peer.ReceiveAsync(new byte[1]).Within());
        }

        await listener.DisposeAsync();
        await serving.Within();
    }

    [Theory]
    [MemberData(nameof(All))]
    public async Task A_sequence_of_many_pieces_arrives_whole(EngineKind engine, CompletionScheduling scheduling)
    {
        await using var port = new TestPort(engine, scheduling, static options => options.MaxQueuedBytes = 10_000);
        (RxConnection connection, Socket peer) = await port.AcceptPeerAsync();
        Piece first = new(new byte[] { 1, 2, 3 }), last = first;
        var expected = new List<byte>(first.Memory.ToArray());
        for (int i = 0; i < 300; i++)
        {
            byte[] bytes = [.. Enumerable.Repeat((byte)i, i % 200)];
            expected.AddRange(bytes);
            last = last.Append(bytes);
        }

        Task sending = connection.SendAsync(Piece.Sequence(first, last)).AsTask();
        Assert.Equal(expected, await peer.ReceiveExactlyAsync(expected.Count));
        await sending.Within();
        await connection.SendAsync(ReadOnlySequence<byte>.Empty).AsTask().Within();
        await connection.SendAsync(ReadOnlyMemory<byte>.Empty).AsTask().Within();
        await connection.DisposeAsync();
        peer.Dispose();
    }

    [Theory]
    [MemberData(nameof(All))]
    public async Task What_the_kernel_takes_in_parts_arrives_whole(EngineKind engine, CompletionScheduling scheduling)
    {
        // Each more than a socket's buffers hold; and the parts end inside of pieces.
        int mebi = RxSockets.Testing.Wine.Scaled(1 << 20, underWine: 1 << 18);
        byte[] bytes = new byte[(12 * mebi) + 5];
        new Random(3).NextBytes(bytes);
        await using var port = new TestPort(engine, scheduling);
        (RxConnection connection, Socket peer) = await port.AcceptPeerAsync();
        Piece first = new(bytes.AsMemory(8 * mebi, mebi)), last = first.Append(bytes.AsMemory(9 * mebi, 5)).Append(bytes.AsMemory((9 * mebi) + 5));
        Task one = connection.SendAsync(bytes.AsMemory(0, 8 * mebi)).AsTask();
        Task many = connection.SendAsync(Piece.Sequence(first, last)).AsTask();
        byte[] arrived = await peer.ReceiveExactlyAsync(bytes.Length);
        Assert.True(arrived.AsSpan().SequenceEqual(bytes), "What arrived is not what was sent.");
        await one.Within();
        await many.Within();
        await connection.DisposeAsync();
        peer.Dispose();
    }

    [Theory]
    [MemberData(nameof(All))]
    public async Task A_queued_send_is_withdrawn_a_started_one_leaves_only_abort(EngineKind engine, CompletionScheduling scheduling)
    {
        if (engine == EngineKind.Managed)
            await RxSockets.Testing.Wine.SkipIfClosingKeepsSendsAsync();
        await using var port = new TestPort(engine, scheduling);
        (RxConnection connection, Socket peer) = await port.AcceptPeerAsync();
        using var cancelStarted = new CancellationTokenSource();
        using var cancelQueued = new CancellationTokenSource();
        Task started = connection.SendAsync(new byte[64 << 20], cancelStarted.Token).AsTask();
        // An engine may put a send off for a moment, and until then it is one that can be withdrawn.
        await peer.ReceiveExactlyAsync(1);
        Task queued = connection.SendAsync(new byte[10], cancelQueued.Token).AsTask();
        Task last = connection.SendAsync(new byte[10]).AsTask();
        await cancelQueued.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => queued.Within());
        Assert.False(started.IsCompleted);
        Assert.False(last.IsCompleted);

        await cancelStarted.CancelAsync();
        var error = await Assert.ThrowsAnyAsync<OperationCanceledException>(() => started.Within());
        Assert.Equal(cancelStarted.Token, error.CancellationToken);
        await Assert.ThrowsAsync<SocketException>(() => last.Within());
        await Assert.ThrowsAsync<SocketException>(() => connection.SendAsync(new byte[1]).AsTask().Within());
        await connection.DisposeAsync();
        await connection.Closed.Within();
        peer.Dispose();
    }

    [Theory]
    [MemberData(nameof(All))]
    public async Task Cancels_race_with_completions(EngineKind engine, CompletionScheduling scheduling)
    {
        await using var port = new TestPort(engine, scheduling);
        (RxConnection connection, Socket peer) = await port.AcceptPeerAsync();
        byte[] one = new byte[1];
        int received = 0;
        for (int i = 0; i < 500; i++)
        {
            using var cancel = new CancellationTokenSource();
            Task<int> receiving = connection.ReceiveAsync(one, cancel.Token).AsTask();
            await Task.WhenAll(peer.SendAsync(one).ContinueWith(static task => task.Result, TaskScheduler.Default), Task.Run(cancel.Cancel)).Within();
            try
            {
                received += await receiving.Within();
            }
            catch (OperationCanceledException)
            {
                // The byte stays for the next one.
            }
        }

        while (received < 500)
            received += await connection.ReceiveAsync(one).AsTask().Within();
        await connection.DisposeAsync();
        peer.Dispose();
    }
}
