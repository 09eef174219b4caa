using System.Reactive.Concurrency;

namespace RxSockets;

/// <summary>
/// The clock and the timers of an Rx scheduler as a <see cref="TimeProvider"/>: with a virtual-time scheduler, everything that takes a TimeProvider runs in
/// virtual time. Its twin is <see cref="TimeProviderScheduler"/>.
/// </summary>
/// <param name="scheduler">The scheduler.</param>
public sealed class SchedulerTimeProvider(IScheduler scheduler) : TimeProvider
{
    private readonly IScheduler _scheduler = scheduler ?? throw new ArgumentNullException(nameof(scheduler));

    /// <inheritdoc/>
    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    /// <inheritdoc/>
    public override DateTimeOffset GetUtcNow() => _scheduler.Now;

    /// <inheritdoc/>
    public override long GetTimestamp() => _scheduler.Now.UtcTicks;

    /// <inheritdoc/>
    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        ArgumentNullException.ThrowIfNull(callback);
        var timer = new ScheduledTimer(_scheduler, callback, state);
        timer.Change(dueTime, period);
        return timer;
    }

    private sealed class ScheduledTimer(IScheduler scheduler, TimerCallback callback, object? state) : ITimer
    {
        private readonly Lock _sync = new();
        private IDisposable? _pending;
        private int _settings;
        private bool _disposed;

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            IDisposable? former;
            int settings;
            lock (_sync)
            {
                if (_disposed)
                    return false;
                settings = ++_settings;
                former = _pending;
                _pending = null;
            }

            former?.Dispose();
            if (dueTime != Timeout.InfiniteTimeSpan)
                Schedule(dueTime, period, settings);
            return true;
        }

        public void Dispose()
        {
            Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
            lock (_sync)
                _disposed = true;
        }

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }

        // Outside of the lock: a scheduler may run the work inside this call. The number tells work of former settings.
        private void Schedule(TimeSpan dueTime, TimeSpan period, int settings)
        {
            IDisposable scheduled = scheduler.Schedule(dueTime, () => Fire(period, settings));
            lock (_sync)
            {
                if (_settings == settings)
                {
                    _pending = scheduled;
                    return;
                }
            }

            scheduled.Dispose();
        }

        private void Fire(TimeSpan period, int settings)
        {
            lock (_sync)
            {
                if (_settings != settings)
                    return;
            }

            // The next one first: the callback may change or end the timer.
            if (period > TimeSpan.Zero)
                Schedule(period, period, settings);
            callback(state);
        }
    }
}
