using Microsoft.Extensions.Time.Testing;

namespace RxSockets.Tests.Operators;

public class CallTimeoutTests
{
    private static readonly TimeSpan s_limit = TimeSpan.FromSeconds(2);

    private readonly FakeTimeProvider _time = new();

    [Fact]
    public void The_token_is_cancelled_when_the_time_is_over_and_not_before()
    {
        using CallTimeout timeout = CallTimeout.Start(s_limit, _time);
        _time.Advance(s_limit - TimeSpan.FromTicks(1));
        Assert.False(timeout.Token.IsCancellationRequested);
        _time.Advance(TimeSpan.FromMilliseconds(2));
        Assert.True(timeout.Token.IsCancellationRequested);
        Assert.True(timeout.HasElapsed);
    }

    [Fact]
    public void A_linked_token_cancels_and_is_not_a_time_out()
    {
        using var linked = new CancellationTokenSource();
        using CallTimeout timeout = CallTimeout.Start(s_limit, _time, linked.Token);
        linked.Cancel();
        Assert.True(timeout.Token.IsCancellationRequested);
        Assert.False(timeout.HasElapsed);
        _time.Advance(2 * s_limit);
        Assert.False(timeout.HasElapsed);

        using CallTimeout already = CallTimeout.Start(s_limit, _time, linked.Token);
        Assert.True(already.Token.IsCancellationRequested);
    }

    [Fact]
    public void A_source_that_ended_in_time_serves_again_and_nothing_of_its_former_life_reaches_it()
    {
        using var linked = new CancellationTokenSource();
        CancellationToken former;
        using (CallTimeout first = CallTimeout.Start(s_limit, _time, linked.Token))
            former = first.Token;
        using CallTimeout second = CallTimeout.Start(s_limit, _time);
        Assert.Equal(former, second.Token);
        linked.Cancel();
        Assert.False(second.Token.IsCancellationRequested);
        _time.Advance(s_limit);
        Assert.True(second.Token.IsCancellationRequested);
    }

    [Fact]
    public void A_source_that_fired_never_serves_again()
    {
        CallTimeout first = CallTimeout.Start(s_limit, _time);
        _time.Advance(s_limit);
        Assert.True(first.HasElapsed);
        first.Dispose();
        using CallTimeout second = CallTimeout.Start(s_limit, _time);
        Assert.False(second.Token.IsCancellationRequested);
        Assert.False(second.HasElapsed);
    }

    [Fact]
    public void Disposing_twice_does_not_end_the_life_of_another()
    {
        CallTimeout first = CallTimeout.Start(s_limit, _time);
        first.Dispose();
        using CallTimeout second = CallTimeout.Start(s_limit, _time);
        first.Dispose();
        Assert.Throws<ObjectDisposedException>(() => first.Token);
        Assert.Throws<ObjectDisposedException>(() => first.HasElapsed);
        _time.Advance(s_limit);
        Assert.True(second.Token.IsCancellationRequested);
        default(CallTimeout).Dispose();
    }

    [Fact]
    public void A_timer_that_comes_early_waits_for_the_rest()
    {
        var early = new EarlyTime();
        using CallTimeout timeout = CallTimeout.Start(s_limit, early);
        early.Fire();
        Assert.False(timeout.Token.IsCancellationRequested);
        Assert.InRange(early.Due, s_limit, s_limit + TimeSpan.FromMilliseconds(1));
        early.Now = s_limit.Ticks;
        early.Fire();
        Assert.True(timeout.Token.IsCancellationRequested);
    }

    [Fact]
    public void A_call_that_ends_in_time_allocates_nothing()
    {
        using var linked = new CancellationTokenSource();
        for (int i = 0; i < 10; i++)
            CallTimeout.Start(s_limit, cancellationToken: linked.Token).Dispose();
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 1000; i++)
            CallTimeout.Start(s_limit, cancellationToken: linked.Token).Dispose();
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    [Fact]
    public void Many_short_limits_never_cancel_a_call_that_has_just_begun()
    {
        // Timers that are due while their source is returned and taken again: the worst moment for a call of a former life.
        int wrong = 0;
        Parallel.For(0, 4, _ =>
        {
            for (int i = 0; i < 2000; i++)
            {
                long started = TimeProvider.System.GetTimestamp();
                using (CallTimeout brief = CallTimeout.Start(TimeSpan.FromMilliseconds(1)))
                    SpinWait.SpinUntil(() => TimeProvider.System.GetElapsedTime(started) > TimeSpan.FromMilliseconds(0.95));
                using CallTimeout timeout = CallTimeout.Start(TimeSpan.FromMinutes(1));
                Thread.Yield();
                if (timeout.Token.IsCancellationRequested)
                    Interlocked.Increment(ref wrong);
            }
        });
        Assert.Equal(0, wrong);
    }

    /// <summary>A clock whose one timer fires when the test says so.</summary>
    private sealed class EarlyTime : TimeProvider
    {
        private TimerCallback? _callback;
        private object? _state;

        public long Now { get; set; }

        public TimeSpan Due { get; private set; }

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override long GetTimestamp() => Now;

        public void Fire() => _callback!(_state);

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            _callback = callback;
            _state = state;
            return new Handle(this);
        }

        private sealed class Handle(EarlyTime time) : ITimer
        {
            public bool Change(TimeSpan dueTime, TimeSpan period)
            {
                time.Due = dueTime;
                return true;
            }

            public void Dispose()
            {
            }

            public ValueTask DisposeAsync() => ValueTask.CompletedTask;
        }
    }
}
