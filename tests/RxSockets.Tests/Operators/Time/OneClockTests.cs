using System.Reactive.Concurrency;
using System.Reactive.Linq;
using System.Reactive.Subjects;
using Microsoft.Extensions.Time.Testing;
using Microsoft.Reactive.Testing;

namespace RxSockets.Tests.Operators.Time;

/// <summary>Rx schedulers and TimeProviders as each other.</summary>
public class OneClockTests
{
    private readonly FakeTimeProvider _time = new();

    [Fact]
    public void Operators_of_System_Reactive_run_on_a_fake_clock()
    {
        var scheduler = new TimeProviderScheduler(_time);
        using var source = new Subject<int>();
        List<int> throttled = [], delayed = [];
        List<long> ticks = [];
        using IDisposable a = source.Throttle(TimeSpan.FromSeconds(1), scheduler).Subscribe(throttled.Add);
        using IDisposable b = source.Delay(TimeSpan.FromSeconds(2), scheduler).Subscribe(delayed.Add);
        using IDisposable c = Observable.Interval(TimeSpan.FromSeconds(1), scheduler).Subscribe(ticks.Add);
        source.OnNext(1);
        _time.Advance(TimeSpan.FromSeconds(0.5));
        source.OnNext(2);
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal([2], throttled);
        Assert.Empty(delayed);
        Assert.Equal([0], ticks);
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal([1, 2], delayed);
        Assert.Equal([0, 1], ticks);
        c.Dispose();
        _time.Advance(TimeSpan.FromSeconds(5));
        Assert.Equal([0, 1], ticks);
    }

    [Fact]
    public void Work_that_is_due_at_once_runs_and_cancelled_work_does_not()
    {
        var scheduler = new TimeProviderScheduler(_time);
        int ran = 0;
        scheduler.Schedule(() => ran++);
        _time.Advance(TimeSpan.Zero);
        Assert.Equal(1, ran);
        IDisposable later = scheduler.Schedule(TimeSpan.FromSeconds(1), () => ran++);
        later.Dispose();
        _time.Advance(TimeSpan.FromSeconds(2));
        Assert.Equal(1, ran);
        Assert.Equal(_time.GetUtcNow(), scheduler.Now);
    }

    [Fact]
    public void Absolute_times_far_away_are_on_the_same_clock()
    {
        var scheduler = new TimeProviderScheduler(_time);
        int ran = 0;
        scheduler.Schedule(scheduler.Now + TimeSpan.FromHours(5), () => ran++);
        _time.Advance(TimeSpan.FromHours(5) - TimeSpan.FromTicks(1));
        Assert.Equal(0, ran);
        _time.Advance(TimeSpan.FromTicks(1));
        Assert.Equal(1, ran);
    }

    [Fact]
    public async Task The_systems_clock_serves_too()
    {
        long value = await Observable.Timer(TimeSpan.FromMilliseconds(1), TimeProviderScheduler.System).FirstAsync();
        Assert.Equal(0, value);
    }

    [Fact]
    public async Task Whatever_takes_a_TimeProvider_runs_on_a_virtual_scheduler()
    {
        var scheduler = new TestScheduler();
        var time = new SchedulerTimeProvider(scheduler);
        Task delay = Task.Delay(TimeSpan.FromSeconds(3), time);
        using var timeout = new CancellationTokenSource(TimeSpan.FromSeconds(5), time);
        long started = time.GetTimestamp();
        scheduler.AdvanceBy((3 * TimeSpan.TicksPerSecond) - 1);
        Assert.False(delay.IsCompleted);
        scheduler.AdvanceBy(1);
        await delay;
        Assert.Equal(TimeSpan.FromSeconds(3), time.GetElapsedTime(started));
        Assert.False(timeout.IsCancellationRequested);
        scheduler.AdvanceBy(2 * TimeSpan.TicksPerSecond);
        Assert.True(timeout.IsCancellationRequested);
    }

    [Fact]
    public void A_periodic_timer_fires_until_it_is_changed_or_disposed()
    {
        var scheduler = new TestScheduler();
        var time = new SchedulerTimeProvider(scheduler);
        List<long> fired = [];
        ITimer timer = time.CreateTimer(_ => fired.Add(scheduler.Clock), null, TimeSpan.FromTicks(10), TimeSpan.FromTicks(5));
        scheduler.AdvanceTo(21);
        Assert.Equal([10, 15, 20], fired);
        Assert.True(timer.Change(TimeSpan.FromTicks(3), Timeout.InfiniteTimeSpan));
        scheduler.AdvanceTo(40);
        Assert.Equal([10, 15, 20, 24], fired);
        Assert.True(timer.Change(TimeSpan.FromTicks(3), TimeSpan.FromTicks(3)));
        timer.Dispose();
        Assert.False(timer.Change(TimeSpan.Zero, Timeout.InfiniteTimeSpan));
        scheduler.AdvanceTo(100);
        Assert.Equal([10, 15, 20, 24], fired);
    }

    [Fact]
    public void A_timer_may_change_itself_while_it_fires()
    {
        var scheduler = new TestScheduler();
        List<long> fired = [];
        ITimer timer = null!;
        timer = new SchedulerTimeProvider(scheduler).CreateTimer(
            _ =>
            {
                fired.Add(scheduler.Clock);
                if (fired.Count == 2)
                    timer.Change(TimeSpan.FromTicks(100), Timeout.InfiniteTimeSpan);
            },
            null,
            TimeSpan.FromTicks(10),
            TimeSpan.FromTicks(10));
        scheduler.AdvanceTo(1000);
        Assert.Equal([10, 20, 120], fired);
    }
}
