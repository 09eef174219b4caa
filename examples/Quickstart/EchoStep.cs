using System.Diagnostics;
using System.Security.Cryptography;
using RxSockets;

namespace Quickstart;

/// <summary>An echo server of six lines, and a client that sends and receives at once and compares checksums.</summary>
internal static class EchoStep
{
    public static async Task<string> RunAsync(CompletionPort port, int mib)
    {
        await using RxListener listener = RxListener.Bind(Steps.AnyPort, new ListenerOptions { CompletionPort = port });
        Task serving = listener.AcceptAllAsync().ForEachConnectionAsync(static async connection =>
        {
            await foreach (ReceivedSegment segment in connection.ReceiveAllAsync())
                await connection.SendAsync(segment.Memory);
        });

        RxConnection client = await Steps.ConnectAsync(listener, port);
        long begin = Stopwatch.GetTimestamp();
        Task<byte[]> sending = Task.Run(() => SendAsync(client, mib));
        using var received = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        long bytes = 0;
        await foreach (ReceivedSegment segment in client.ReceiveAllAsync())
        {
            received.AppendData(segment.Memory.Span);
            bytes += segment.Length;
        }

        double seconds = Stopwatch.GetElapsedTime(begin).TotalSeconds;
        Steps.Check(bytes == (long)mib << 20, $"{bytes} bytes came back");
        byte[] expected = await sending;
        Steps.Check(received.GetHashAndReset().SequenceEqual(expected), "the checksum differs");
        await client.DisposeAsync();
        await listener.DisposeAsync();
        await serving;
        return $"{mib / seconds:F0} MiB/s there and back, SHA-256 equal";
    }

    private static async Task<byte[]> SendAsync(RxConnection client, int mib)
    {
        using var sent = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var random = new Random(1);
        byte[] block = new byte[1 << 16];
        for (int i = 0; i < mib * 16; i++)
        {
            random.NextBytes(block);
            sent.AppendData(block);
            await client.SendAsync(block);
        }

        await client.CompleteWritesAsync();
        return sent.GetHashAndReset();
    }
}
