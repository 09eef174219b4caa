using System.Globalization;
using System.Net;
using System.Reactive.Linq;
using RxSockets;

/// <summary>Consumes one item a second of what a fast sender sends, and looks at its own memory.</summary>
internal static class SlowConsumer
{
    private static readonly TimeSpan s_pace = TimeSpan.FromSeconds(1);

    public static async Task<int> RunAsync(EngineKind engine, bool bridged, int seconds)
    {
        await using var port = CompletionPort.Create(new CompletionPortOptions { Engine = engine, Scheduling = CompletionScheduling.ThreadPool });
        await using RxListener listener = RxListener.Bind(new IPEndPoint(IPAddress.Loopback, 0), new ListenerOptions { CompletionPort = port });
        Console.WriteLine(((IPEndPoint)listener.LocalEndPoint).Port);
        await using RxConnection connection = await listener.AcceptAsync();
        var settled = new TaskCompletionSource();
        var ended = new TaskCompletionSource();
        long items = 0;
        void Count()
        {
            items++;
            if (items == 3)
                settled.TrySetResult();
            if (items == seconds)
                ended.TrySetResult();
        }

        // Pushed, the consumer holds up OnNext itself; bridged, it is the channel that is full.
        using IDisposable? pushed = bridged ? null : connection.Received.Subscribe(_ =>
        {
            Thread.Sleep(s_pace);
            Count();
        });
        if (bridged)
            _ = ConsumeAsync(connection, Count);
        await settled.Task;
        long before = ResidentKibibytes();
        await ended.Task;
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{items} {ResidentKibibytes() - before}"));
        connection.Abort();
        return 0;
    }

    private static async Task ConsumeAsync(RxConnection connection, Action count)
    {
        await foreach (ReceivedSegment _ in connection.Received.Copied().ToAsyncEnumerable(capacity: 16, OverflowMode.Wait))
        {
            await Task.Delay(s_pace);
            count();
        }
    }

    private static long ResidentKibibytes()
    {
        GC.Collect();
        string line = File.ReadLines("/proc/self/status").First(static line => line.StartsWith("VmRSS:", StringComparison.Ordinal));
        return long.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture);
    }
}
