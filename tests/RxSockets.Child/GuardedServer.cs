using System.Buffers;
using System.Globalization;
using System.Net;
using RxSockets;

/// <summary>
/// A server of lines, one of frames and one that echoes, on one port of completions, each bounded in what a client may send. Prints the three ports, and for
/// every line of input its resident memory in KiB.
/// </summary>
internal static class GuardedServer
{
    private const int LongestLine = 8 << 10;
    private const int LongestFrame = 64 << 10;

    public static async Task<int> RunAsync(EngineKind engine, CompletionScheduling scheduling)
    {
        await using var port = CompletionPort.Create(new CompletionPortOptions { Engine = engine, Scheduling = scheduling });
        await using RxListener lines = Listen(port);
        await using RxListener frames = Listen(port);
        await using RxListener echo = Listen(port);
        Task[] serving =
        [
            lines.AcceptAllAsync().ForEachConnectionAsync(
                static async connection =>
                {
                    await foreach (string line in connection.ReceiveAllAsync().Lines(LongestLine))
                        await connection.SendLineAsync(line);
                },
                static (connection, _) => connection.Abort()),
            frames.AcceptAllAsync().ForEachConnectionAsync(
                static async connection =>
                {
                    await foreach (ReadOnlySequence<byte> frame in connection.ReceiveAllAsync().LengthPrefixed(maxLength: LongestFrame))
                        await connection.SendLengthPrefixedAsync(frame.ToArray());
                },
                static (connection, _) => connection.Abort()),
            echo.AcceptAllAsync().ForEachConnectionAsync(
                static async connection =>
                {
                    await foreach (ReceivedSegment segment in connection.ReceiveAllAsync())
                        await connection.SendAsync(segment.Memory);
                },
                static (_, _) => { }),
        ];
        Console.WriteLine(string.Join(' ', new[] { lines, frames, echo }.Select(static listener => ((IPEndPoint)listener.LocalEndPoint).Port)));
        while (Console.ReadLine() is not null)
            Console.WriteLine(ResidentKibibytes().ToString(CultureInfo.InvariantCulture));
        foreach (RxListener listener in (RxListener[])[lines, frames, echo])
            await listener.DisposeAsync();
        await port.DisposeAsync();
        await Task.WhenAll(serving);
        return 0;
    }

    private static RxListener Listen(CompletionPort port) =>
        RxListener.Bind(new IPEndPoint(IPAddress.Loopback, 0), new ListenerOptions { CompletionPort = port, Backlog = 4096 });

    // What is garbage is no cost of a client's: the runtime would collect it when memory is short.
    private static long ResidentKibibytes()
    {
        GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
        string line = File.ReadLines("/proc/self/status").First(static line => line.StartsWith("VmRSS:", StringComparison.Ordinal));
        return long.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture);
    }
}
