using RxSockets.Engines;

namespace RxSockets.Diagnostics;

/// <summary>
/// Sees handlers that hold a loop (Inline scheduling). A loop only counts its batches of handlers, up at the beginning and at the end; this looks a few times within
/// the limit whether a loop is still in the batch it was in. So a batch costs two additions and no look at the clock, and a stall is told never early and at most
/// two looks late: within one and a half times the limit. Whoever has it calls <see cref="Look"/> every <see cref="Period"/>.
/// </summary>
internal sealed class LoopWatch
{
    private const int LooksPerLimit = 4;

    private readonly Lock _sync = new();
    private readonly TimeProvider _time;
    private readonly TimeSpan _limit;
    private readonly Watched[] _loops;
    private readonly Action<int, TimeSpan> _stalled;

    /// <param name="loops">The loops.</param>
    /// <param name="time">The clock by which a batch is long.</param>
    /// <param name="limit">How long a batch of handlers may take.</param>
    /// <param name="stalled">Is told once per batch: which loop, for how long so far. Inside <see cref="Look"/>.</param>
    public LoopWatch(IReadOnlyList<CompletionLoop> loops, TimeProvider time, TimeSpan limit, Action<int, TimeSpan> stalled)
    {
        _time = time;
        _limit = limit;
        _stalled = stalled;
        _loops = [.. loops.Select(static loop => new Watched(loop))];
        Period = TimeSpan.FromTicks(Math.Max(TimeSpan.TicksPerMillisecond, limit.Ticks / LooksPerLimit));
    }

    /// <summary>How often to look.</summary>
    public TimeSpan Period { get; }

    /// <summary>Batches of a loop that took longer than the limit.</summary>
    public long StallsOf(int loop) => Volatile.Read(ref _loops[loop].Stalls);

    /// <summary>The loop is in such a batch, or was at the last look.</summary>
    public bool IsStalled(int loop) => _loops[loop].IsTold && _loops[loop].Loop.Batch == _loops[loop].Batch;

    public void Look()
    {
        for (int i = 0; i < _loops.Length; i++)
        {
            if (LookAt(_loops[i]) is { } held)
                _stalled(i, held);
        }
    }

    private TimeSpan? LookAt(Watched watched)
    {
        lock (_sync)
        {
            long batch = watched.Loop.Batch;
            if (batch != watched.Batch)
            {
                watched.Batch = batch;
                watched.SeenAt = _time.GetTimestamp();
                watched.IsTold = false;
                return null;
            }

            if (watched.IsTold || !CompletionLoop.IsInBatch(batch))
                return null;
            TimeSpan held = _time.GetElapsedTime(watched.SeenAt);
            if (held < _limit)
                return null;
            watched.IsTold = true;
            watched.Stalls++;
            return held;
        }
    }

    private sealed class Watched(CompletionLoop loop)
    {
        public readonly CompletionLoop Loop = loop;
        public long Batch;
        public long SeenAt;
        public volatile bool IsTold;
        public long Stalls;
    }
}
