using System.Net;
using System.Net.Sockets;
using RxSockets.Engines;
using RxSockets.Engines.IoUring;
using RxSockets.Native.Linux;

namespace RxSockets.Tests.Engines.IoUring;

/// <summary>Receives that fill several buffers at once, and those of kernels that have no such, over rings of every shape: bulk, small pieces, and bulk again.</summary>
public class BundleTests
{
    private const int Bytes = 3 << 20;

    // Buffer size, buffers on offer, limit of a connection.
    [Theory]
    [InlineData(16384, 256, 65536, true)]
    [InlineData(16384, 256, 65536, false)]
    [InlineData(4096, 8, 65536, true)]
    [InlineData(1024, 4, 65536, true)]
    [InlineData(1024, 2, 3000, true)]
    [InlineData(256, 1, 65536, true)]
    [InlineData(512, 16, 1, true)]
    public async Task Bulk_comes_whole_and_in_order(int size, int buffers, int limit, bool bundles)
    {
        if (EngineSelector.WhyNot(EngineKind.IoUring) is { } reason)
            Assert.Skip("io_uring cannot run here: " + reason);
        var options = new CompletionPortOptions
        {
            Engine = EngineKind.IoUring, Loops = 1, ReceiveBufferSize = size, ReceiveBuffers = buffers, ReceiveLimit = limit,
        };
        var system = new RefusingRingSystem { HiddenFeatures = bundles ? 0 : IoUringAbi.IORING_FEAT_RECVSEND_BUNDLE };
        await using var port = CompletionPort.CreateOver(options, (valid, unhandled) => EngineSelector.Create(valid, unhandled, system));
        await using RxListener listener = RxListener.Bind(new IPEndPoint(IPAddress.Loopback, 0), new ListenerOptions { CompletionPort = port });
        ValueTask<RxConnection> accepting = listener.AcceptAsync();
        using var peer = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await peer.ConnectAsync(listener.LocalEndPoint);
        await using RxConnection connection = await accepting;
        byte[] sent = new byte[Bytes];
        new Random(size + buffers).NextBytes(sent);
        Task sending = SendAsync(peer, sent);
        // So much is there before the first receive that the second has several buffers to fill, however slow the sender is.
        Assert.True(SpinWait.SpinUntil(() => ((IConnectionActivity)connection).UnreadBytes >= 65536, TimeSpan.FromSeconds(20)));

        byte[] received = new byte[Bytes + 1];
        int count = 0, segments = 0;
        await foreach (ReceivedSegment segment in connection.ReceiveAllAsync())
        {
            segment.Memory.CopyTo(received.AsMemory(count));
            count += segment.Length;
            segments++;
        }

        await sending;
        Assert.Equal(Bytes, count);
        Assert.True(received.AsSpan(0, Bytes).SequenceEqual(sent));
        CompletionEngine engine = port.Core.Engine;
        if (bundles && ((IoUringLoop)engine.Loops[0]).BundleBytes >= 4 * size && buffers >= 4)
            Assert.InRange(engine.Statistics.CompletedCount(Verb.Receive), 1, segments - 1);
        else if (!bundles)
            Assert.InRange(engine.Statistics.CompletedCount(Verb.Receive), segments, long.MaxValue);
    }

    // Bulk, then pieces that fill no buffer, each waited for, then bulk: the kinds of receive take turns.
    private static async Task SendAsync(Socket peer, byte[] all)
    {
        await peer.SendAsync(all.AsMemory(0, 1 << 20));
        int at = 1 << 20;
        for (int i = 0; i < 200; i++)
        {
            at += await peer.SendAsync(all.AsMemory(at, 1 + (i * 37 % 900)));
            await Task.Yield();
        }

        await peer.SendAsync(all.AsMemory(at));
        peer.Shutdown(SocketShutdown.Send);
    }
}
