using System.Net;
using System.Net.Sockets;
using RxSockets.Testing;

namespace RxSockets.Conformance;

/// <summary>The port is disposed of in the middle of accepts, connects, sends, receives and ends: everything ends, soon, and nothing is left (what <see cref="TestPort"/> looks for).</summary>
public class DisposeAtEveryMomentTests
{
    private static readonly IPAddress s_address = IPAddress.Parse("127.0.0.7");

    public static TheoryData<EngineKind, CompletionScheduling> All => Engines.All;

    [Theory]
    [MemberData(nameof(All))]
    public async Task Whatever_is_under_way_ends(EngineKind engine, CompletionScheduling scheduling)
    {
        int moments = Wine.Scaled(60, underWine: 8);
        for (int moment = 0; moment < moments; moment++)
        {
            await using var port = new TestPort(engine, scheduling);
            // An address of its own: the port is free again as soon as the listener is closed, and a peer that connects once more must not get to another test's listener, where it would wait for ever.
            RxListener listener = port.Listen(endPoint: new IPEndPoint(s_address, 0));
            var due = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            int left = moment * 7;
            Task serving = ServeAsync(listener, () =>
            {
                if (Interlocked.Decrement(ref left) <= 0)
                    due.TrySetResult();
            });
            // Plain peers, which end when they are told, and peers that end with the same port.
            Task[] peers = [.. Enumerable.Range(0, 4).Select(_ => PlainAsync(listener)), .. Enumerable.Range(0, 4).Select(_ => OursAsync(port, listener))];
            await due.Task.Within();
            long began = TimeProvider.System.GetTimestamp();
            await port.Port.DisposeAsync().AsTask().Within();
            Assert.InRange(TimeProvider.System.GetElapsedTime(began).TotalSeconds, 0, Wine.Scaled(3, underWine: 15));
            await serving.Within();
            await Task.WhenAll(peers).Within();
        }
    }

    private static Task ServeAsync(RxListener listener, Action told) => Task.Run(async () =>
    {
        try
        {
            await listener.AcceptAllAsync().ForEachConnectionAsync(
                async connection =>
                {
                    told();
                    await foreach (ReceivedSegment segment in connection.ReceiveAllAsync())
                    {
                        told();
                        await connection.SendAsync(segment.Memory);
                    }
                },
                static (_, error) => Assert.True(IsAnEnd(error), error.ToString()));
        }
        catch (Exception error) when (IsAnEnd(error))
        {
        }
    });

    // One connection after the other, each with a few echoes, until one fails: typed, and not by time.
    private static Task PlainAsync(RxListener listener) => Task.Run(async () =>
    {
        try
        {
            while (true)
            {
                using Socket socket = await Peers.ConnectAsync(listener.LocalEndPoint);
                for (int i = 0; i < 3; i++)
                {
                    await socket.SendAsync(new byte[100]).Within();
                    if (await socket.ReceiveAsync(new byte[100]).Within() == 0)
                        return;
                }
            }
        }
        catch (SocketException)
        {
        }
    });

    private static Task OursAsync(TestPort port, RxListener listener) => Task.Run(async () =>
    {
        try
        {
            while (true)
            {
                await using RxConnection connection = await port.ConnectAsync(listener.LocalEndPoint, new byte[50]).Within();
                for (int i = 0; i < 3; i++)
                {
                    await connection.SendAsync(new byte[100]).AsTask().Within();
                    if (await connection.ReceiveAsync(new byte[100]).Within() == 0)
                        return;
                }
            }
        }
        catch (Exception error) when (IsAnEnd(error))
        {
        }
    });

    private static bool IsAnEnd(Exception error) => error is SocketException or ObjectDisposedException;
}
