using System.Net.Sockets;
using Microsoft.Extensions.Logging;
using RxSockets.Testing;

namespace RxSockets.Conformance;

/// <summary>Inline scheduling and a handler that blocks: seen, counted, logged once, and other loops go on.</summary>
public class BlockedHandlerTests
{
    private const byte Block = (byte)'B';

    [Theory]
    [InlineData(EngineKind.IoUring)]
    [InlineData(EngineKind.Iocp)]
    [InlineData(EngineKind.Managed)]
    public async Task It_is_counted_and_logged_once_and_the_other_loop_goes_on(EngineKind engine)
    {
        var log = new RecordedLog();
        await using var port = new TestPort(engine, CompletionScheduling.Inline, options =>
        {
            options.Loops = 2;
            options.LoopStallLimit = TimeSpan.FromMilliseconds(200);
            options.LoggerFactory = log;
        });
        bool hasLoops = port.Port.Core.Engine.Loops.Count > 0;
        using var measured = new Measured(port.Port);
        using var blocked = new SemaphoreSlim(0);
        using var release = new SemaphoreSlim(0);
        await using RxListener listener = port.Listen();
        Task serving = listener.AcceptAllAsync().ForEachConnectionAsync(
            async connection =>
            {
                await foreach (ReceivedSegment segment in connection.ReceiveAllAsync())
                {
                    byte thread = (byte)Environment.CurrentManagedThreadId;
                    if (segment.Memory.Span[0] == Block)
                    {
                        blocked.Release();
                        release.Wait(TimeSpan.FromSeconds(20));
                    }

                    await connection.SendAsync(new[] { thread });
                }
            },
            static (_, _) => { });

        // Two clients on different loops: told by the thread that answers.
        List<Socket> clients = [await Peers.ConnectAsync(listener.LocalEndPoint)];
        byte first = await EchoAsync(clients[0]);
        do
        {
            Assert.True(clients.Count < 8, "Every connection came to the same loop.");
            clients.Add(await Peers.ConnectAsync(listener.LocalEndPoint));
        }
        while (await EchoAsync(clients[^1]) == first && hasLoops);

        for (int stall = 1; stall <= 2; stall++)
        {
            await clients[0].SendAsync(new[] { Block }).Within();
            await blocked.WaitAsync().Within();
            for (int i = 0; i < 10; i++)
                await EchoAsync(clients[^1]);
            if (hasLoops)
            {
                await Deadline.EventuallyAsync(() => measured.Sum("rxsockets.loop.stalls") >= stall);
                Assert.True(measured.Sum("rxsockets.loop.stalled") >= 1);
            }

            await EchoAsync(clients[^1]);
            release.Release();
            await clients[0].ReceiveExactlyAsync(1);
            await Deadline.EventuallyAsync(() => measured.Sum("rxsockets.loop.stalled") == 0);
        }

        // Without loops a handler holds up nothing but its own connection, and there is nothing to tell.
        Assert.Equal(hasLoops ? 1 : 0, log.Of("LoopStalled").Length);
        if (hasLoops)
            Assert.Equal(LogLevel.Warning, log.Of("LoopStalled")[0].Level);
        else
            Assert.Equal(0, measured.Sum("rxsockets.loop.stalls"));
        clients.ForEach(static client => client.Dispose());
        await listener.DisposeAsync();
        await serving.Within();
    }

    private static async Task<byte> EchoAsync(Socket client)
    {
        await client.SendAsync("e"u8.ToArray()).Within();
        return (await client.ReceiveExactlyAsync(1))[0];
    }
}
