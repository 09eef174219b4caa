using System.Reactive.Concurrency;
using System.Reactive.Linq;
using System.Threading.Channels;
using Microsoft.Extensions.Time.Testing;
using Microsoft.Reactive.Testing;
using RxSockets.Tests.Testing;

namespace RxSockets.Tests.Operators;

/// <summary>The operators that drop connections: on the virtual ticks of a scheduler, and on a fake clock.</summary>
public class DropTests : ReactiveTest
{
    private static readonly TimeSpan s_limit = TimeSpan.FromSeconds(4);
    private const long Second = TimeSpan.TicksPerSecond;

    private readonly TestScheduler _scheduler = new();
    private readonly SchedulerTimeProvider _clock;
    private readonly ConnectionCounters _counters = new();

    public DropTests() => _clock = new SchedulerTimeProvider(_scheduler);

    // A connection at each of the ticks; created when its tick comes, passed through the operator.
    private ITestableObserver<string> Run(
        Func<IObservable<FakeConnection>, IObservable<FakeConnection>> operation, long until, params (long At, FakeConnection Connection)[] connections)
    {
        ITestableObservable<FakeConnection> source = _scheduler.CreateHotObservable(
            [.. connections.Select(static one => OnNext(one.At, one.Connection)), OnCompleted<FakeConnection>(until - 1)]);
        ITestableObserver<string> seen = _scheduler.Start(() => operation(source).Select(static connection => connection.Name), 1, 2, until);
        Assert.Equal(connections.Length + 1, seen.Messages.Count);
        return seen;
    }

    private FakeConnection Connection(string name, TimeSpan backlog = default) => new(_clock, name) { Backlog = backlog };

    private void At(double seconds, Action action) =>
        VirtualTimeSchedulerExtensions.ScheduleAbsolute(_scheduler, (long)(seconds * Second), action);

    private void AssertAborted(FakeConnection connection, double seconds, string rule)
    {
        Assert.NotNull(connection.AbortReason);
        Assert.Contains(rule, connection.AbortReason);
        Assert.Equal((long)(seconds * Second), connection.AbortedAt.Ticks);
    }

    [Fact]
    public void Connections_pass_on_in_the_tick_they_came_and_so_does_the_end()
    {
        ITestableObserver<string> seen = Run(all => all.DropSilent(s_limit, _scheduler, _counters), 100, (10, Connection("a")), (20, Connection("b")));
        ReactiveAssert.AreElementsEqual([OnNext(10, "a"), OnNext(20, "b"), OnCompleted<string>(99)], seen.Messages);
    }

    [Fact]
    public void A_silent_one_is_dropped_at_the_first_sweep_after_the_limit_and_a_speaking_one_is_not()
    {
        FakeConnection silent = Connection("silent"), speaking = Connection("speaking"), late = Connection("late");
        At(3.9, speaking.Receive);
        // The timer is armed by the first connection, at second 1: sweeps at 1.5, 2, ...
        Run(all => all.DropSilent(s_limit, _scheduler, _counters), 20 * Second, (1 * Second, silent), (2 * Second, speaking), (3 * Second, late));
        // Age counts from the connection's own beginning, tick 0 here.
        AssertAborted(silent, 4, "DropSilent");
        AssertAborted(late, 4, "DropSilent");
        Assert.Null(speaking.AbortReason);
        Assert.Equal(2, _counters.DroppedSilent);
    }

    [Fact]
    public void Never_early_and_at_most_one_sweep_late()
    {
        foreach (double limit in new[] { 0.2, 1, 3.3, 60 })
        {
            var scheduler = new TestScheduler();
            var clock = new SchedulerTimeProvider(scheduler);
            var source = new System.Reactive.Subjects.Subject<FakeConnection>();
            List<FakeConnection> all = [];
            using IDisposable subscription = source.DropSilent(TimeSpan.FromSeconds(limit), scheduler, _counters).Subscribe(all.Add);
            for (int i = 0; i < 50; i++)
            {
                scheduler.AdvanceBy(Second * 37 / 1000);
                source.OnNext(new FakeConnection(clock, scheduler.Clock.ToString(System.Globalization.CultureInfo.InvariantCulture)));
            }

            scheduler.AdvanceBy((long)((limit + 1) * Second));
            Assert.All(all, connection =>
            {
                double lived = (connection.AbortedAt.Ticks - long.Parse(connection.Name, System.Globalization.CultureInfo.InvariantCulture)) / (double)Second;
                Assert.InRange(lived, limit, limit + Math.Min(limit / 4, 0.5) + 1e-6);
            });
        }
    }

    [Fact]
    public void The_connections_own_age_has_the_last_word()
    {
        FakeConnection silent = Connection("silent");
        // The kernel's clock turns out to be behind ours.
        At(2, () => silent.Backlog = TimeSpan.FromSeconds(-2));
        Run(all => all.DropSilent(s_limit, _scheduler, _counters), 20 * Second, (1 * Second, silent));
        AssertAborted(silent, 6, "DropSilent");
    }

    [Fact]
    public void Time_in_the_backlog_counts()
    {
        FakeConnection connection = Connection("old", backlog: TimeSpan.FromSeconds(3));
        Run(all => all.DropSilent(s_limit, _scheduler, _counters), 20 * Second, (100, connection));
        AssertAborted(connection, 1.00001, "DropSilent");
    }

    [Fact]
    public void Bytes_in_the_kernel_are_neither_silence_nor_idleness()
    {
        FakeConnection unheard = Connection("unheard"), unread = Connection("unread");
        unheard.UnreadBytes = unread.UnreadBytes = 1;
        Run(all => all.DropSilent(s_limit, _scheduler, _counters), 20 * Second, (3, unheard));
        Assert.Null(unheard.AbortReason);
        Assert.Equal(0, _counters.DroppedSilent);

        var scheduler = new TestScheduler();
        var source = new System.Reactive.Subjects.Subject<FakeConnection>();
        using IDisposable subscription = source.DropIdle(s_limit, scheduler, counters: _counters).Subscribe();
        unread = new FakeConnection(new SchedulerTimeProvider(scheduler)) { UnreadBytes = 1 };
        source.OnNext(unread);
        scheduler.AdvanceTo(10 * Second);
        Assert.Null(unread.AbortReason);
        // The slow consumer takes them. A whole limit goes by from when they were last seen: at 8 s, since idleness is judged every 4 s then.
        unread.UnreadBytes = 0;
        scheduler.AdvanceTo((12 * Second) - 1);
        Assert.Null(unread.AbortReason);
        scheduler.AdvanceTo(12 * Second);
        Assert.Contains("DropIdle", unread.AbortReason);
        Assert.Equal(1, _counters.DroppedIdle);
    }

    [Theory]
    [InlineData(false, 7)]
    [InlineData(true, 9)]
    public void Idle_is_counted_from_the_last_receive_and_from_sends_only_where_asked(bool countSends, double dropped)
    {
        FakeConnection connection = Connection("a");
        At(3, connection.Receive);
        At(5, connection.Send);
        Run(all => all.DropIdle(s_limit, _scheduler, countSends, _counters), 20 * Second, (3, connection));
        // Armed at tick 3: the sweeps are three ticks after each half second.
        AssertAborted(connection, dropped + (3 / (double)Second), "DropIdle");
        Assert.Contains(countSends ? "or sent" : "received for", connection.AbortReason);
    }

    [Fact]
    public void Old_ones_are_dropped_whatever_they_do()
    {
        FakeConnection connection = Connection("a");
        connection.UnreadBytes = 5;
        for (int i = 0; i < 8; i++)
            At(i, connection.Receive);
        Run(all => all.DropOlderThan(s_limit, _scheduler, _counters), 20 * Second, (3, connection));
        AssertAborted(connection, 4 + (3 / (double)Second), "DropOlderThan");
        Assert.Equal(1, _counters.DroppedOld);
    }

    [Fact]
    public void Watching_goes_on_after_the_stream_ended_and_after_unsubscribing()
    {
        FakeConnection afterEnd = Connection("a"), afterLeaving = Connection("b");
        Run(all => all.DropSilent(s_limit, _scheduler, _counters), 100, (10, afterEnd));
        var source = new System.Reactive.Subjects.Subject<FakeConnection>();
        using (source.DropSilent(s_limit, _scheduler, _counters).Subscribe())
            source.OnNext(afterLeaving);
        _scheduler.AdvanceTo(10 * Second);
        Assert.NotNull(afterEnd.AbortReason);
        Assert.NotNull(afterLeaving.AbortReason);
    }

    [Fact]
    public void Closed_ones_are_forgotten_and_the_timer_rests_when_there_is_none()
    {
        var time = new CountingTime();
        var source = new System.Reactive.Subjects.Subject<FakeConnection>();
        FakeConnection one = new(time), two = new(time);
        using IDisposable subscription = source.DropIdle(s_limit, time, counters: _counters).Subscribe();
        Assert.False(time.IsArmed);
        source.OnNext(one);
        source.OnNext(two);
        Assert.Equal(1, time.Timers);
        Assert.True(time.IsArmed);
        one.Close();
        time.Advance(TimeSpan.FromSeconds(0.5));
        Assert.True(time.IsArmed);
        two.Close();
        time.Advance(TimeSpan.FromSeconds(0.5));
        Assert.False(time.IsArmed);
        source.OnNext(new FakeConnection(time));
        Assert.True(time.IsArmed);
        Assert.Equal(1, time.Timers);
        Assert.Equal(0, _counters.DroppedIdle);
    }

    [Fact]
    public async Task The_pulled_form_watches_while_its_consumer_is_slow()
    {
        var time = new FakeTimeProvider();
        FakeConnection silent = new(time), old = new(time), speaking = new(time);
        Channel<FakeConnection> accepted = Channel.CreateUnbounded<FakeConnection>();
        foreach (FakeConnection connection in new[] { silent, old, speaking })
            Assert.True(accepted.Writer.TryWrite(connection));
        accepted.Writer.Complete();
        speaking.Receive();
        List<FakeConnection> taken = [];
        await foreach (FakeConnection connection in accepted.Reader.ReadAllAsync().DropSilent(s_limit, time, _counters).DropIdle(2 * s_limit, time, counters: _counters).DropOlderThan(3 * s_limit, time, _counters))
        {
            taken.Add(connection);
            if (connection == silent)
            {
                time.Advance(s_limit);
                Assert.NotNull(silent.AbortReason);
                Assert.Null(old.AbortReason);
            }
        }

        Assert.Equal([silent, old, speaking], taken);
        // Time in the backlog counts: the second one is silent for the limit already, and goes with the next sweep.
        time.Advance(TimeSpan.FromSeconds(0.5));
        Assert.Contains("DropSilent", old.AbortReason);
        Assert.Null(speaking.AbortReason);
        time.Advance(s_limit);
        Assert.Contains("DropIdle", speaking.AbortReason);
    }

    [Fact]
    public void A_throwing_consumer_does_not_end_the_stream()
    {
        var source = new System.Reactive.Subjects.Subject<FakeConnection>();
        int seen = 0;
        using IDisposable subscription = source.DropSilent(s_limit, _scheduler, _counters).Subscribe(new Throwing(() => seen++));
        Assert.Throws<InvalidOperationException>(() => source.OnNext(Connection("a")));
        Assert.Throws<InvalidOperationException>(() => source.OnNext(Connection("b")));
        Assert.Equal(2, seen);
    }

    [Fact]
    public void A_limit_that_is_none_is_refused_at_once()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => Observable.Never<FakeConnection>().DropSilent(TimeSpan.Zero));
        Assert.Throws<ArgumentOutOfRangeException>(() => Observable.Never<FakeConnection>().DropIdle(TimeSpan.FromDays(25)));
        Assert.Throws<ArgumentOutOfRangeException>(() => Observable.Never<FakeConnection>().DropOlderThan(-s_limit));
    }

    private sealed class Throwing(Action seen) : IObserver<FakeConnection>
    {
        public void OnNext(FakeConnection value)
        {
            seen();
            throw new InvalidOperationException("by the test");
        }

        public void OnError(Exception error) => Assert.Fail("ended");

        public void OnCompleted() => Assert.Fail("ended");
    }

    /// <summary>A fake clock that counts its timers.</summary>
    private sealed class CountingTime : FakeTimeProvider
    {
        public int Timers { get; private set; }

        public bool IsArmed { get; private set; }

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            Timers++;
            return new Counted(this, base.CreateTimer(callback, state, dueTime, period));
        }

        private sealed class Counted(CountingTime time, ITimer timer) : ITimer
        {
            public bool Change(TimeSpan dueTime, TimeSpan period)
            {
                time.IsArmed = dueTime != Timeout.InfiniteTimeSpan;
                return timer.Change(dueTime, period);
            }

            public void Dispose() => timer.Dispose();

            public ValueTask DisposeAsync() => timer.DisposeAsync();
        }
    }
}
