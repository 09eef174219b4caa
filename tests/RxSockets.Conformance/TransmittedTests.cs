using System.Net.Sockets;
using System.Reactive.Linq;

namespace RxSockets.Conformance;

/// <summary>The hot stream of what was transmitted.</summary>
public class TransmittedTests
{
    public static TheoryData<EngineKind, CompletionScheduling> All => Engines.All;

    [Theory]
    [MemberData(nameof(All))]
    public async Task Every_send_and_transmit_is_told_once_in_order_to_everybody(EngineKind engine, CompletionScheduling scheduling)
    {
        await using var port = new TestPort(engine, scheduling);
        (RxConnection connection, Socket peer) = await port.AcceptPeerAsync();
        using var file = new TestFile(1000);
        await connection.SendAsync(new byte[7]);   // nobody listens: not told
        Task<IList<TransmitCompletion>> pushed = Collect(connection.Transmitted);
        Task<List<TransmitCompletion>> pulled = CollectAsync(connection.TransmittedAllAsync());

        await connection.SendAsync(new byte[10]);
        await connection.SendAsync(ReadOnlyMemory<byte>.Empty);
        await connection.TransmitFileAsync(file.Handle, new FileTransmitOptions { Head = new byte[5] });
        await connection.TransmitPacketsAsync(new[] { TransmitPacket.FromMemory(new byte[3]) });
        await peer.ReceiveExactlyAsync(7 + 10 + 1005 + 3);
        peer.Dispose();
        await connection.DisposeAsync();

        TransmitCompletion[] told = [.. await pushed.Within()];
        Assert.Equal(told, await pulled.Within());
        Assert.All(told, (item, index) => Assert.Equal(index, item.Sequence));
        Assert.All(told, static item => Assert.Equal(SocketError.Success, item.Error));
        Assert.All(told, static item => Assert.InRange(item.Duration, TimeSpan.Zero, TimeSpan.FromSeconds(20)));
        Assert.Equal(
            [(TransmitKind.Send, 10L), (TransmitKind.File, 1005L), (TransmitKind.Packets, 3L)],
            told.Select(static item => (item.Kind, item.BytesTransmitted)).Where(static item => item.BytesTransmitted > 0));

        // Whoever comes after the end finds the end.
        Assert.Empty(await Collect(connection.Transmitted).Within());
        Assert.Empty(await CollectAsync(connection.TransmittedAllAsync()).Within());
    }

    [Theory]
    [MemberData(nameof(All))]
    public async Task A_cancelled_transmit_is_told_with_its_bytes(EngineKind engine, CompletionScheduling scheduling)
    {
        if (engine == EngineKind.Managed)
            await RxSockets.Testing.Wine.SkipIfClosingKeepsSendsAsync();
        await using var port = new TestPort(engine, scheduling);
        (RxConnection connection, Socket peer) = await port.AcceptPeerAsync();
        using var file = new TestFile(64 << 20);
        using var cancel = new CancellationTokenSource();
        Task<IList<TransmitCompletion>> pushed = Collect(connection.Transmitted);
        Task<TransmitResult> transmitting = connection.TransmitFileAsync(file.Handle, cancellationToken: cancel.Token).AsTask();
        await peer.ReceiveExactlyAsync(10);
        await cancel.CancelAsync();
        var error = await Assert.ThrowsAsync<TransmitCanceledException>(() => transmitting.Within());
        connection.Abort();
        TransmitCompletion told = Assert.Single(await pushed.Within());
        Assert.Equal((TransmitKind.File, error.BytesTransmitted, SocketError.OperationAborted), (told.Kind, told.BytesTransmitted, told.Error));
        peer.Dispose();
    }

    [Theory]
    [MemberData(nameof(All))]
    public async Task A_listener_that_throws_aborts_its_connection_and_one_that_leaves_hears_no_more(EngineKind engine, CompletionScheduling scheduling)
    {
        await using var port = new TestPort(engine, scheduling);
        (RxConnection connection, Socket peer) = await port.AcceptPeerAsync();
        int heard = 0;
        IDisposable left = connection.Transmitted.Subscribe(_ => heard++);
        left.Dispose();
        using IDisposable throwing = connection.Transmitted.Subscribe(static _ => throw new InvalidOperationException("from a listener"));
        await connection.SendAsync(new byte[1]);
        Assert.Equal(ConnectionCloseReason.HandlerFailed, (await connection.Closed.Within()).Reason);
        Assert.Equal("from a listener", Assert.IsType<InvalidOperationException>(Assert.Single(port.TakeUnhandled())).Message);
        Assert.Equal(0, heard);
        peer.Dispose();
    }

    private static Task<IList<TransmitCompletion>> Collect(IObservable<TransmitCompletion> source)
    {
        var ended = new TaskCompletionSource<IList<TransmitCompletion>>(TaskCreationOptions.RunContinuationsAsynchronously);
        source.ToList().Subscribe(ended.SetResult, ended.SetException);
        return ended.Task;
    }

    private static Task<List<TransmitCompletion>> CollectAsync(IAsyncEnumerable<TransmitCompletion> source)
    {
        // Listens from here on, not from when the loop below gets a thread.
        IAsyncEnumerator<TransmitCompletion> items = source.GetAsyncEnumerator();
        return Task.Run(async () =>
        {
            var all = new List<TransmitCompletion>();
            while (await items.MoveNextAsync())
                all.Add(items.Current);
            await items.DisposeAsync();
            return all;
        });
    }
}
