using RxSockets.Operations;

namespace RxSockets;

/// <summary>
/// A token source with a timer, used again and again. Life: rented and armed; then either it fires (and is never used again, since its token stays cancelled) or it is
/// returned before. Who comes first decides; a timer call of a former life finds that its time has not come.
/// </summary>
internal sealed class TimeoutSource
{
    private const int Resting = 0;
    private const int Armed = 1;
    private const int Fired = 2;
    private const int Phases = 4;

    private readonly CancellationTokenSource _source = new();
    private TimeProvider? _time;
    private ITimer? _timer;
    private CancellationTokenRegistration _link;
    private TimeSpan _limit;
    private long _started;
    // Life and phase in one word, so that a timer call of a former life cannot fire this one.
    private long _state;

    public CancellationToken Token => _source.Token;

    /// <summary>Counts lives: a lease of a former one has another number.</summary>
    public long Life => Volatile.Read(ref _state) / Phases;

    public bool HasElapsed { get; private set; }

    public static TimeoutSource Rent(TimeSpan limit, TimeProvider time, CancellationToken linked)
    {
        TimeoutSource source = OperationPool<TimeoutSource>.Rent();
        if (source._time != time)
            source = new TimeoutSource();
        source.Arm(limit, time, linked);
        return source;
    }

    /// <summary>The call is over. Only the lease of this life does anything.</summary>
    public void Return(long life)
    {
        long armed = (life * Phases) + Armed;
        long ended = ((life + 1) * Phases) + Resting;
        bool inTime = Interlocked.CompareExchange(ref _state, ended, armed) == armed;
        if (!inTime && Interlocked.CompareExchange(ref _state, ended, (life * Phases) + Fired) != (life * Phases) + Fired)
            return;
        // Waits for a link that is just calling back: after it only the timer knows this source.
        _link.Dispose();
        _link = default;
        _timer!.Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        if (inTime && _source.TryReset())
            OperationPool<TimeoutSource>.Return(this);
        else
            _timer.Dispose();
    }

    private void Arm(TimeSpan limit, TimeProvider time, CancellationToken linked)
    {
        _time = time;
        if (_timer is null)
        {
            using (ExecutionContext.SuppressFlow())
                _timer = time.CreateTimer(static state => ((TimeoutSource)state!).OnTimer(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        }

        _limit = limit;
        _started = time.GetTimestamp();
        Volatile.Write(ref _state, _state + Armed);
        _timer.Change(limit, Timeout.InfiniteTimeSpan);
        _link = linked.UnsafeRegister(static state => ((TimeoutSource)state!).OnLink(), this);
    }

    // A timer may be early by its own granularity, or belong to a former life: either way the rest of the time is still to come.
    private void OnTimer()
    {
        long state = Volatile.Read(ref _state);
        if (state % Phases != Armed)
            return;
        TimeSpan rest = _limit - _time!.GetElapsedTime(_started);
        if (rest > TimeSpan.Zero)
            _timer!.Change(rest + TimeSpan.FromMilliseconds(1), Timeout.InfiniteTimeSpan);
        else
            Fire(state, elapsed: true);
    }

    private void OnLink()
    {
        long state = Volatile.Read(ref _state);
        if (state % Phases == Armed)
            Fire(state, elapsed: false);
    }

    private void Fire(long armed, bool elapsed)
    {
        if (Interlocked.CompareExchange(ref _state, armed - Armed + Fired, armed) != armed)
            return;
        HasElapsed = elapsed;
        _source.Cancel();
    }
}
