namespace RxSockets.Testing;

/// <summary>The virtual clock and its timers. It begins at the first of January 2000, UTC; callbacks run on the simulation's thread.</summary>
internal sealed class SimulationClock(SimulationLoop loop) : TimeProvider
{
    private static readonly DateTimeOffset s_start = new(2000, 1, 1, 0, 0, 0, TimeSpan.Zero);

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override TimeZoneInfo LocalTimeZone => TimeZoneInfo.Utc;

    public override DateTimeOffset GetUtcNow() => s_start.AddTicks(loop.Now);

    public override long GetTimestamp() => loop.Now;

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        ArgumentNullException.ThrowIfNull(callback);
        var timer = new VirtualTimer(loop, callback, state);
        timer.Change(dueTime, period);
        return timer;
    }

    private sealed class VirtualTimer(SimulationLoop loop, TimerCallback callback, object? state) : ITimer
    {
        private readonly ExecutionContext? _context = ExecutionContext.Capture();
        private SimulationEvent? _pending;
        private bool _disposed;

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            lock (loop.Sync)
            {
                if (_disposed)
                    return false;
                if (_pending is not null)
                    _pending.IsCalledOff = true;
                _pending = null;
                if (dueTime != Timeout.InfiniteTimeSpan)
                    Arm(dueTime.Ticks, period);
                return true;
            }
        }

        public void Dispose()
        {
            lock (loop.Sync)
            {
                Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
                _disposed = true;
            }
        }

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }

        private void Arm(long delay, TimeSpan period)
        {
            SimulationEvent? armed = null;
            armed = loop.After(Math.Max(0, delay), () => Fire(armed!, period));
            _pending = armed;
        }

        private void Fire(SimulationEvent fired, TimeSpan period)
        {
            lock (loop.Sync)
            {
                if (_pending != fired)
                    return;
                _pending = null;
                // The next one first: the callback may change or end the timer.
                if (period > TimeSpan.Zero)
                    Arm(period.Ticks, period);
            }

            if (_context is null)
                callback(state);
            else
                ExecutionContext.Run(_context, static timer => ((VirtualTimer)timer!).Call(), this);
        }

        private void Call() => callback(state);
    }
}
