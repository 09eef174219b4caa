using System.Buffers;

namespace RxSockets.Conformance;

/// <summary>A reader that begins to wait while its bytes come: the next turn runs on another thread before the call that waits has returned.</summary>
public class FramingRaceTests
{
    public static TheoryData<EngineKind, CompletionScheduling> All => Engines.All;

    [Theory]
    [MemberData(nameof(All))]
    public async Task Each_frame_is_told_once(EngineKind engine, CompletionScheduling scheduling)
    {
        const int Frames = 100;
        await using var port = new TestPort(engine, scheduling);
        await using RxListener listener = port.Listen();
        Task serving = TestPort.EchoAsync(listener);
        await Task.WhenAll(Enumerable.Range(0, RxSockets.Testing.Wine.Scaled(60, underWine: 4)).Select(worker => Task.Run(async () =>
        {
            await using RxConnection client = await port.ConnectAsync(listener.LocalEndPoint);
            Task sending = SendAsync(client, worker);
            int next = 0;
            await foreach (ReadOnlySequence<byte> frame in client.ReceiveAllAsync().LengthPrefixed(LengthPrefix.UInt16BigEndian))
            {
                byte[] bytes = frame.ToArray();
                Assert.Equal(Content(worker, next), bytes);
                next++;
            }

            Assert.Equal(Frames, next);
            await sending;
        }))).Within();
        await listener.DisposeAsync();
        await serving.Within();

        static async Task SendAsync(RxConnection client, int worker)
        {
            for (int i = 0; i < Frames; i++)
                await client.SendLengthPrefixedAsync(Content(worker, i), LengthPrefix.UInt16BigEndian);
            // The echo ends with its reader, and that with this.
            await client.CompleteWritesAsync();
        }
    }

    private static byte[] Content(int worker, int number)
    {
        byte[] bytes = new byte[4 + (number * 37 % 2000)];
        BitConverter.TryWriteBytes(bytes, (worker << 16) + number);
        return bytes;
    }
}
