using BenchmarkDotNet.Attributes;
using RxSockets.Engines;
using RxSockets.Operations;

namespace RxSockets.Benchmarks.Micro;

/// <summary>
/// What it costs to have something done on another thread: a loop that sleeps and is woken for each piece of work, or is kept busy by many; beside the thread pool.
/// </summary>
[MemoryDiagnoser]
public class PostBenchmarks
{
    private const int Posts = 1 << 14;

    private readonly CountedWork[] _works = [.. Enumerable.Range(0, Posts).Select(static _ => new CountedWork())];
    private readonly SingleWork _single = new();
    private CompletionPort _port = null!;
    private CompletionEngine _engine = null!;

    /// <summary>The engine with loops of its own that this system has.</summary>
    [GlobalSetup]
    public void Setup()
    {
        _port = CompletionPort.Create(new CompletionPortOptions { Scheduling = CompletionScheduling.Inline, Loops = 1 });
        _engine = _port.Core.Engine;
    }

    [GlobalCleanup]
    public async Task Cleanup() => await _port.DisposeAsync();

    [Benchmark(Description = "post, wait for it, next", OperationsPerInvoke = Posts)]
    public void OneByOne()
    {
        for (int i = 0; i < Posts; i++)
        {
            _engine.Schedule(_single);
            _single.Done.Wait();
        }
    }

    [Benchmark(Description = "post many, wait for the last", OperationsPerInvoke = Posts)]
    public void Many()
    {
        using var left = new CountdownEvent(Posts);
        foreach (CountedWork work in _works)
        {
            work.Left = left;
            _engine.Schedule(work);
        }

        left.Wait();
    }

    [Benchmark(Baseline = true, Description = "thread pool, many", OperationsPerInvoke = Posts)]
    public void ThreadPoolMany()
    {
        using var left = new CountdownEvent(Posts);
        foreach (CountedWork work in _works)
        {
            work.Left = left;
            ThreadPool.UnsafeQueueUserWorkItem(static work => work.Run(), work, preferLocal: false);
        }

        left.Wait();
    }

    private sealed class CountedWork : CompletionWork
    {
        public CountdownEvent Left { get; set; } = null!;

        public override void Run() => Left.Signal();
    }

    private sealed class SingleWork : CompletionWork
    {
        public SemaphoreSlim Done { get; } = new(0);

        public override void Run() => Done.Release();
    }
}
