using System.Globalization;

namespace RxSockets.Stress;

/// <summary>Connect, send, receive, close, over and over: whatever a connection leaves behind adds up.</summary>
internal static class Cycles
{
    private const int Workers = 8;
    private const long HeapTolerance = 1 << 20;

    public static async Task<bool> RunAsync(Site site, int count)
    {
        var latencies = new Latencies();
        await PlayAsync(site, Math.Max(1000, count / 100), latencies);
        Traces start = await site.SettleAsync();
        Traces? afterFirst = null;
        Traces last = start;
        long started = TimeProvider.System.GetTimestamp();
        for (int tenth = 1; tenth <= 10 && site.Failures.Count == 0; tenth++)
        {
            latencies = new Latencies();
            await PlayAsync(site, count / 10, latencies);
            last = await site.SettleAsync();
            afterFirst ??= last;
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"{tenth * (count / 10)} cycles, {TimeProvider.System.GetElapsedTime(started).TotalSeconds:0} s: {last.Descriptors} descriptors, {last.Pipes} of pipes, {last.Threads.Length} threads, {last.Requests} requests, {last.Buffers} buffers, heap {last.Heap >> 10} KiB; {latencies}"));
            if (last.Differs(start) is { } difference)
                site.Fail($"after {tenth} tenths: {difference}");
        }

        if (last.Heap - afterFirst!.Heap > HeapTolerance)
            site.Fail($"the heap grew by {last.Heap - afterFirst.Heap} bytes since the first tenth");
        await site.CloseAsync();
        Console.WriteLine(site.Failures.Count == 0 ? "no drift" : $"{site.Failures.Count} failures");
        return site.Failures.Count == 0;
    }

    private static async Task PlayAsync(Site site, int count, Latencies latencies)
    {
        int left = count;
        await Task.WhenAll(Enumerable.Range(0, Workers).Select(worker => Task.Run(async () =>
        {
            var scenes = new Scenes(site, worker, latencies);
            while (Interlocked.Decrement(ref left) >= 0 && site.Failures.Count == 0)
            {
                try
                {
                    await scenes.ChurnAsync().WaitAsync(TimeSpan.FromSeconds(60), TimeProvider.System);
                }
                catch (Exception error)
                {
                    site.Fail($"cycle: {error}");
                }
            }
        })));
    }
}
