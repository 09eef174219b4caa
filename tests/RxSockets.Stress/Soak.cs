using System.Globalization;

namespace RxSockets.Stress;

/// <summary>
/// Ten phases of mixed load. After each everything comes to rest and is counted: descriptors, threads, requests and buffers must be what they were before the load,
/// the heap what it was after the first phase.
/// </summary>
internal sealed class Soak(Site site, int seed, string only)
{
    private const int Phases = 10;
    private const long HeapTolerance = 1 << 20;

    private static readonly (string Name, int Workers, Func<Scenes, Task> Scene)[] s_mix =
    [
        ("echo", 6, static scenes => scenes.EchoAsync()),
        ("churn", 3, static scenes => scenes.ChurnAsync()),
        ("half close", 2, static scenes => scenes.HalfCloseAsync()),
        ("end first", 1, static scenes => scenes.EndFirstAsync()),
        ("abort", 2, static scenes => scenes.AbortAsync()),
        ("reset", 1, static scenes => scenes.ResetAsync()),
        ("cancel", 2, static scenes => scenes.CancelAsync()),
        ("frames", 2, static scenes => scenes.FramesAsync()),
        ("file", 2, static scenes => scenes.FileAsync()),
        ("slow reader", 2, static scenes => scenes.SlowReaderAsync()),
        ("slow server", 1, static scenes => scenes.SinkAsync()),
    ];

    private readonly long[] _done = new long[s_mix.Length];

    /// <summary>True when nothing was wrong and nothing is left.</summary>
    public async Task<bool> RunAsync(TimeSpan duration)
    {
        // What is made once and stays (code, thread pool, the threads of System.Net.Sockets) is there before anything is counted.
        await LoadAsync(TimeSpan.FromSeconds(Math.Min(10, duration.TotalSeconds / 10)), new Latencies(), phase: 0);
        Traces start = await site.SettleAsync();
        Tell("start", start, null);
        Traces? afterFirst = null;
        Traces last = start;
        List<Latencies> latencies = [];
        for (int phase = 1; phase <= Phases; phase++)
        {
            latencies.Add(new Latencies());
            await LoadAsync(duration / Phases, latencies[^1], phase);
            last = await site.SettleAsync();
            afterFirst ??= last;
            Tell($"{phase}/{Phases}", last, latencies[^1]);
            if (last.Differs(start) is { } difference)
                site.Fail($"after phase {phase}: {difference}");
        }

        long grown = last.Heap - afterFirst!.Heap;
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"heap since the first tenth: {grown:+0;-0;0} bytes"));
        if (grown > HeapTolerance)
            site.Fail($"the heap grew by {grown} bytes since the first tenth");
        Console.WriteLine($"first tenth: {latencies[0]}\nlast tenth:  {latencies[^1]}");
        Console.WriteLine(string.Join(", ", s_mix.Select((kind, at) => $"{kind.Name} {_done[at]}")));
        await site.CloseAsync();
        for (int at = 0; at < s_mix.Length; at++)
        {
            if (_done[at] == 0 && IsPlayed(at))
                site.Fail($"no scene of {s_mix[at].Name} was played to its end");
        }

        Console.WriteLine(site.Failures.Count == 0 ? "nothing wrong, nothing left" : $"{site.Failures.Count} failures");
        return site.Failures.Count == 0;
    }

    private bool IsPlayed(int at) => only.Length == 0 || only.Split(',').Contains(s_mix[at].Name);

    private async Task LoadAsync(TimeSpan duration, Latencies latencies, int phase)
    {
        long started = TimeProvider.System.GetTimestamp();
        List<Task> workers = [];
        for (int at = 0; at < s_mix.Length; at++)
        {
            if (!IsPlayed(at))
                continue;
            for (int worker = 0; worker < s_mix[at].Workers; worker++)
                workers.Add(WorkAsync(at, new Scenes(site, HashCode.Combine(seed, phase, at, worker), latencies)));
        }

        await Task.WhenAll(workers);

        async Task WorkAsync(int at, Scenes scenes)
        {
            await Task.Yield();
            while (TimeProvider.System.GetElapsedTime(started) < duration && site.Failures.Count < 100)
            {
                try
                {
                    await s_mix[at].Scene(scenes).WaitAsync(TimeSpan.FromSeconds(60), TimeProvider.System);
                    Interlocked.Increment(ref _done[at]);
                }
                catch (Exception error)
                {
                    site.Fail($"{s_mix[at].Name}: {error}");
                }
            }
        }
    }

    private static void Tell(string when, Traces traces, Latencies? latencies) => Console.WriteLine(string.Create(
        CultureInfo.InvariantCulture,
        $"{when,6}: {traces.Descriptors} descriptors, {traces.Pipes} of pipes, {traces.Threads.Length} threads, {traces.Requests} requests, {traces.Buffers} buffers of {traces.BufferBytes >> 10} KiB, heap {traces.Heap >> 10} KiB; {latencies}"));
}
