using System.Reactive.Concurrency;
using System.Reactive.Disposables;

namespace RxSockets;

/// <summary>
/// An Rx scheduler whose clock and timers are those of a <see cref="TimeProvider"/>: one clock drives operators of System.Reactive and everything here. Work
/// runs where the provider's timers run (for the system's provider, the thread pool), also work that is due at once.
/// </summary>
/// <param name="timeProvider">The clock; null for the system's.</param>
public sealed class TimeProviderScheduler(TimeProvider? timeProvider = null) : LocalScheduler, ISchedulerPeriodic
{
    private readonly TimeProvider _time = timeProvider ?? TimeProvider.System;

    /// <summary>The scheduler of <see cref="TimeProvider.System"/>.</summary>
    public static TimeProviderScheduler System { get; } = new();

    /// <inheritdoc/>
    public override DateTimeOffset Now => _time.GetUtcNow();

    /// <inheritdoc/>
    public override IDisposable Schedule<TState>(TState state, TimeSpan dueTime, Func<IScheduler, TState, IDisposable> action)
    {
        ArgumentNullException.ThrowIfNull(action);
        var work = new Work<TState>(this, state, action);
        work.Start(_time, Scheduler.Normalize(dueTime));
        return work;
    }

    // The base class would wait on timers of its own for what is far away, and measure with a stopwatch of its own: both on the system's clock.

    /// <inheritdoc/>
    public override IDisposable Schedule<TState>(TState state, DateTimeOffset dueTime, Func<IScheduler, TState, IDisposable> action) =>
        Schedule(state, dueTime - Now, action);

    /// <inheritdoc/>
    public override IStopwatch StartStopwatch() => new ProviderStopwatch(_time);

    /// <inheritdoc/>
    public IDisposable SchedulePeriodic<TState>(TState state, TimeSpan period, Func<TState, TState> action)
    {
        ArgumentNullException.ThrowIfNull(action);
        Limits.Positive(period, nameof(period));
        return new PeriodicWork<TState>(_time, state, period, action);
    }

    private sealed class ProviderStopwatch(TimeProvider time) : IStopwatch
    {
        private readonly long _started = time.GetTimestamp();

        public TimeSpan Elapsed => time.GetElapsedTime(_started);
    }

    private sealed class Work<TState>(TimeProviderScheduler scheduler, TState state, Func<IScheduler, TState, IDisposable> action) : IDisposable
    {
        private readonly SingleAssignmentDisposable _result = new();
        private ITimer? _timer;
        private int _begun;

        public void Start(TimeProvider time, TimeSpan dueTime)
        {
            // Armed after it is assigned: the provider may fire inside Change.
            _timer = time.CreateTimer(static work => ((Work<TState>)work!).Run(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
            _timer.Change(dueTime, Timeout.InfiniteTimeSpan);
        }

        public void Dispose()
        {
            _timer!.Dispose();
            _result.Dispose();
        }

        private void Run()
        {
            _timer!.Dispose();
            if (Interlocked.Exchange(ref _begun, 1) == 0 && !_result.IsDisposed)
                _result.Disposable = action(scheduler, state);
        }
    }

    private sealed class PeriodicWork<TState> : IDisposable
    {
        private readonly Lock _sync = new();
        private readonly Func<TState, TState> _action;
        private readonly ITimer _timer;
        private TState _state;
        private bool _disposed;

        public PeriodicWork(TimeProvider time, TState state, TimeSpan period, Func<TState, TState> action)
        {
            _state = state;
            _action = action;
            _timer = time.CreateTimer(static work => ((PeriodicWork<TState>)work!).Run(), this, period, period);
        }

        public void Dispose()
        {
            Volatile.Write(ref _disposed, true);
            _timer.Dispose();
        }

        // Runs that overlap, because one takes longer than the period, wait for each other.
        private void Run()
        {
            lock (_sync)
            {
                if (!Volatile.Read(ref _disposed))
                    _state = _action(_state);
            }
        }
    }
}
