using System.Runtime.InteropServices;

namespace RxSockets;

/// <summary>
/// The connections one operator watches, and its one timer: armed while there are any. A sweep happens every min(limit / 4, 500 ms), so a connection
/// is dropped at most that much late and never early. Watching outlives the stream: a connection that was passed on stays watched until it is closed.
/// Thread-safe; the connections are judged under the lock and aborted outside of it.
/// </summary>
internal sealed class ConnectionSweep
{
    private static readonly TimeSpan s_longestPeriod = TimeSpan.FromMilliseconds(500);

    private readonly Lock _sync = new();
    private readonly List<Watched> _watched = [];
    private readonly ActivityRule _rule;
    private readonly TimeProvider _time;
    private readonly TimeSpan _period;
    private readonly ITimer _timer;

    public ConnectionSweep(ActivityRule rule, TimeProvider time)
    {
        _rule = rule;
        _time = time;
        _period = TimeSpan.FromTicks(Math.Max(TimeSpan.TicksPerMillisecond, Math.Min(rule.Limit.Ticks / 4, s_longestPeriod.Ticks)));
        using (ExecutionContext.SuppressFlow())
            _timer = time.CreateTimer(static state => ((ConnectionSweep)state!).Sweep(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    public void Add(IConnectionActivity connection)
    {
        var watched = new Watched { Connection = connection, AddedAt = _time.GetTimestamp(), AgeWhenAdded = connection.Age ?? TimeSpan.Zero };
        lock (_sync)
        {
            _watched.Add(watched);
            if (_watched.Count == 1)
                _timer.Change(_period, _period);
        }
    }

    private void Sweep()
    {
        List<IConnectionActivity>? broken = null;
        lock (_sync)
        {
            int kept = 0;
            Span<Watched> watched = CollectionsMarshal.AsSpan(_watched);
            foreach (ref Watched one in watched)
            {
                Verdict verdict = Judge(one);
                if (verdict == Verdict.Drop)
                    (broken ??= []).Add(one.Connection);
                if (verdict is Verdict.Drop or Verdict.Forget)
                    continue;
                if (verdict == Verdict.Speaks)
                    one.SpokeAt = _time.GetTimestamp();
                watched[kept++] = one;
            }

            _watched.RemoveRange(kept, _watched.Count - kept);
            if (kept == 0)
                _timer.Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        }

        foreach (IConnectionActivity connection in broken ?? [])
        {
            _rule.Count();
            connection.Drop(_rule.Name, _rule.Reason);
        }
    }

    private Verdict Judge(in Watched one)
    {
        if (one.Connection.IsClosed)
            return Verdict.Forget;
        TimeSpan age = one.AgeWhenAdded + _time.GetElapsedTime(one.AddedAt);
        return _rule.Judge(one.Connection, age, one.SpokeAt is { } spoke ? _time.GetElapsedTime(spoke) : TimeSpan.MaxValue);
    }

    [StructLayout(LayoutKind.Auto)]
    private struct Watched
    {
        public IConnectionActivity Connection;
        public long AddedAt;
        public TimeSpan AgeWhenAdded;
        public long? SpokeAt;
    }
}
