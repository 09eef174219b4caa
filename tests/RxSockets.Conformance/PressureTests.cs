using System.Net.Sockets;
using RxSockets.Testing;

namespace RxSockets.Conformance;

/// <summary>Cancels and collections at every moment.</summary>
public class PressureTests
{
    public static TheoryData<EngineKind, CompletionScheduling> All => Engines.All;

    [Theory]
    [MemberData(nameof(All))]
    public async Task Ten_thousand_cancels_against_completions_lose_no_byte(EngineKind engine, CompletionScheduling scheduling)
    {
        int cancels = Wine.Scaled(10_000, underWine: 500);
        await using var port = new TestPort(engine, scheduling);
        (RxConnection connection, Socket peer) = await port.AcceptPeerAsync();
        byte[] memory = new byte[3];
        byte expected = 0, next = 0;
        int cancelled = 0;
        for (int i = 0; i < cancels; i++)
        {
            using var cancel = new CancellationTokenSource();
            Task<int> receiving = connection.ReceiveAsync(memory, cancel.Token).AsTask();
            // The byte and the cancel set out together; either may be first.
            Task cancelling = Task.Run(cancel.Cancel);
            peer.Send([next++]);
            await cancelling.Within();
            try
            {
                Take(await receiving.Within());
            }
            catch (OperationCanceledException)
            {
                cancelled++;
            }
        }

        peer.Shutdown(SocketShutdown.Send);
        while (await connection.ReceiveAsync(memory).Within() is > 0 and int count)
            Take(count);
        Assert.Equal(next, expected);
        Assert.InRange(cancelled, 1, cancels);
        peer.Dispose();

        void Take(int count)
        {
            foreach (byte value in memory.AsSpan(0, count))
                Assert.Equal(expected++, value);
        }
    }

    [Theory]
    [MemberData(nameof(All))]
    public async Task A_compacting_collection_every_ten_milliseconds_moves_nothing_that_is_in_flight(EngineKind engine, CompletionScheduling scheduling)
    {
        await using var port = new TestPort(engine, scheduling);
        await using RxListener listener = port.Listen();
        Task serving = TestPort.EchoAsync(listener);
        using var over = new CancellationTokenSource();
        int collections = 0;
        Task collecting = Task.Run(async () =>
        {
            while (!over.IsCancellationRequested)
            {
                GC.Collect(GC.MaxGeneration, GCCollectionMode.Forced, blocking: true, compacting: true);
                collections++;
                await Task.Delay(TimeSpan.FromMilliseconds(10), TimeProvider.System);
            }
        });
        RxConnection client = await port.ConnectAsync(listener.LocalEndPoint).Within();
        var random = new Random(11);
        // Those from here on: a slow machine may have had some while the connection was made.
        int before = collections;
        while (collections - before < Wine.Scaled(50, underWine: 5))
        {
            // New arrays each time: young ones are what a collection moves.
            byte[] sent = new byte[random.Next(1, 100_000)];
            byte[] received = new byte[sent.Length];
            random.NextBytes(sent);
            Task sending = client.SendAsync(sent).AsTask();
            for (int at = 0; at < received.Length;)
            {
                int count = await client.ReceiveAsync(received.AsMemory(at)).Within();
                Assert.NotEqual(0, count);
                at += count;
            }

            await sending.Within();
            Assert.Equal(sent, received);
        }

        await over.CancelAsync();
        await collecting.Within();
        await client.DisposeAsync();
        await listener.DisposeAsync();
        await serving.Within();
    }
}
