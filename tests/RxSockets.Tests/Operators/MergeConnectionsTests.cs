using System.Reactive.Linq;
using System.Reactive.Subjects;
using System.Threading.Channels;
using Microsoft.Reactive.Testing;
using RxSockets.Tests.Testing;

namespace RxSockets.Tests.Operators;

public class MergeConnectionsTests : ReactiveTest
{
    private static readonly TimeSpan s_deadline = TimeSpan.FromSeconds(10);

    private readonly TestScheduler _scheduler = new();
    private readonly ConnectionCounters _counters = new();
    private readonly List<(FakeConnection, Exception)> _errors = [];
    private readonly FakeConnection _a, _b;

    public MergeConnectionsTests()
    {
        var clock = new SchedulerTimeProvider(_scheduler);
        _a = new FakeConnection(clock, "a");
        _b = new FakeConnection(clock, "b");
    }

    private void Report(FakeConnection connection, Exception error)
    {
        Assert.Equal(0, connection.Disposals);
        _errors.Add((connection, error));
    }

    private ITestableObserver<string> Run(ITestableObservable<FakeConnection> source, Func<FakeConnection, IObservable<string>> selector, long disposed = 1000) =>
        _scheduler.Start(() => source.MergeConnections(selector, Report, _counters), 100, 200, disposed);

    [Fact]
    public void Results_come_in_the_tick_they_came_and_the_end_with_the_last_connection()
    {
        ITestableObservable<FakeConnection> source = _scheduler.CreateHotObservable(OnNext(210, _a), OnNext(220, _b), OnCompleted<FakeConnection>(230));
        ITestableObservable<string> ofA = _scheduler.CreateColdObservable(OnNext(5, "a1"), OnNext(50, "a2"), OnCompleted<string>(60));
        ITestableObservable<string> ofB = _scheduler.CreateColdObservable(OnNext(10, "b1"), OnCompleted<string>(20));
        Assert.Equal(0, _a.Disposals);

        ITestableObserver<string> seen = Run(source, connection => connection == _a ? ofA : ofB);

        ReactiveAssert.AreElementsEqual([OnNext(215, "a1"), OnNext(230, "b1"), OnNext(260, "a2"), OnCompleted<string>(270)], seen.Messages);
        Assert.Equal((1, 1), (_a.Disposals, _b.Disposals));
        ReactiveAssert.AreElementsEqual([Subscribe(200, 230)], source.Subscriptions);
        Assert.Empty(_errors);
    }

    [Fact]
    public void The_failure_of_one_is_reported_and_the_others_go_on()
    {
        ITestableObservable<FakeConnection> source = _scheduler.CreateHotObservable(OnNext(210, _a), OnNext(220, _b));
        var failure = new InvalidOperationException("by the test");
        ITestableObservable<string> ofA = _scheduler.CreateColdObservable(OnError<string>(15, failure));
        ITestableObservable<string> ofB = _scheduler.CreateColdObservable(OnNext(100, "b"));

        ITestableObserver<string> seen = Run(source, connection => connection == _a ? ofA : ofB);

        ReactiveAssert.AreElementsEqual([OnNext(320, "b")], seen.Messages);
        Assert.Equal([(_a, (Exception)failure)], _errors);
        Assert.Equal(1, _counters.Failed);
        Assert.Equal(1, _a.Disposals);
        ReactiveAssert.AreElementsEqual([Subscribe(210, 225)], ofA.Subscriptions);
    }

    [Fact]
    public void A_throwing_selector_is_a_failure_of_its_connection()
    {
        ITestableObservable<FakeConnection> source = _scheduler.CreateHotObservable(OnNext(210, _a), OnNext(220, _b));
        ITestableObserver<string> seen = Run(
            source, connection => connection == _a ? throw new InvalidOperationException("by the test") : Observable.Return("b"));
        ReactiveAssert.AreElementsEqual([OnNext(220, "b")], seen.Messages);
        Assert.Equal("by the test", Assert.Single(_errors).Item2.Message);
        Assert.Equal((1, 1), (_a.Disposals, _b.Disposals));
    }

    [Fact]
    public void Unsubscribing_unsubscribes_and_disposes_everything()
    {
        ITestableObservable<FakeConnection> source = _scheduler.CreateHotObservable(OnNext(210, _a), OnNext(220, _b), OnNext(400, new FakeConnection(TimeProvider.System)));
        ITestableObservable<string> inner = _scheduler.CreateHotObservable(OnNext(250, "x"), OnNext(400, "y"));
        ITestableObserver<string> seen = Run(source, _ => inner, disposed: 300);
        ReactiveAssert.AreElementsEqual([OnNext(250, "x"), OnNext(250, "x")], seen.Messages);
        ReactiveAssert.AreElementsEqual([Subscribe(200, 300)], source.Subscriptions);
        ReactiveAssert.AreElementsEqual([Subscribe(210, 300), Subscribe(220, 300)], inner.Subscriptions);
        Assert.Equal((1, 1), (_a.Disposals, _b.Disposals));
        Assert.Empty(_errors);
    }

    [Fact]
    public void The_failure_of_the_source_goes_downstream_and_ends_everything()
    {
        var failure = new InvalidOperationException("by the test");
        ITestableObservable<FakeConnection> source = _scheduler.CreateHotObservable(OnNext(210, _a), OnError<FakeConnection>(240, failure));
        ITestableObservable<string> inner = _scheduler.CreateHotObservable(OnNext(250, "x"));
        ITestableObserver<string> seen = Run(source, _ => inner);
        ReactiveAssert.AreElementsEqual([OnError<string>(240, failure)], seen.Messages);
        ReactiveAssert.AreElementsEqual([Subscribe(210, 240)], inner.Subscriptions);
        Assert.Equal(1, _a.Disposals);
        Assert.Empty(_errors);
    }

    [Fact]
    public void A_connection_that_comes_after_the_end_is_disposed()
    {
        var source = new Rude();
        source.MergeConnections(static _ => Observable.Never<string>(), Report, _counters).Subscribe().Dispose();
        source.Observer!.OnNext(_a);
        Assert.Equal(1, _a.Disposals);
    }

    [Fact]
    public void What_disposal_throws_is_the_connections_failure()
    {
        var bad = new FakeConnection(TimeProvider.System) { ThrownByDisposal = new InvalidOperationException("disposal") };
        List<Exception> errors = [];
        bool completed = false;
        Observable.Return(bad).MergeConnections(static _ => Observable.Empty<string>(), (_, error) => errors.Add(error), _counters)
            .Subscribe(static _ => { }, () => completed = true);
        Assert.Equal("disposal", Assert.Single(errors).Message);
        Assert.True(completed);
        Assert.Equal(1, _counters.Failed);
    }

    [Fact]
    public async Task Results_of_different_connections_do_not_overlap()
    {
        const int Each = 2000;
        var inners = new[] { new Subject<int>(), new Subject<int>() };
        int inside = 0, overlaps = 0, count = 0;
        using IDisposable subscription = new[] { 0, 1 }.ToObservable()
            .Select(i => new FakeConnection(TimeProvider.System, $"{i}"))
            .MergeConnections(connection => inners[int.Parse(connection.Name, System.Globalization.CultureInfo.InvariantCulture)], Report, _counters)
            .Subscribe(_ =>
            {
                if (Interlocked.Increment(ref inside) != 1)
                    overlaps++;
                count++;
                Interlocked.Decrement(ref inside);
            });
        await Task.WhenAll(inners.Select(static inner => Task.Run(() =>
        {
            for (int i = 0; i < Each; i++)
                inner.OnNext(i);
        }))).WaitAsync(s_deadline);
        Assert.Equal((2 * Each, 0), (count, overlaps));
    }

    [Fact]
    public async Task The_pulled_form_merges_reports_and_disposes()
    {
        FakeConnection bad = new(TimeProvider.System, "bad");
        Dictionary<FakeConnection, Channel<string>> inner = new()
        {
            [_a] = Channel.CreateUnbounded<string>(), [_b] = Channel.CreateUnbounded<string>(), [bad] = Channel.CreateUnbounded<string>(),
        };
        Assert.True(inner[_a].Writer.TryWrite("a1"));
        Assert.True(inner[_b].Writer.TryWrite("b1"));
        inner[bad].Writer.Complete(new InvalidOperationException("by the test"));
        List<string> seen = [];
        await foreach (string item in new[] { bad, _a, _b }.ToAsyncEnumerable().MergeConnections(connection => inner[connection].Reader.ReadAllAsync(), Report, _counters))
        {
            seen.Add(item);
            if (item == "a1")
                Assert.True(inner[_a].Writer.TryWrite("a2"));
            if (seen.Count == 3)
            {
                inner[_a].Writer.Complete();
                inner[_b].Writer.Complete();
            }
        }

        Assert.Equal(["a1", "a2", "b1"], seen.Order());
        Assert.Equal("by the test", Assert.Single(_errors).Item2.Message);
        Assert.Equal((1, 1, 1), (_a.Disposals, _b.Disposals, bad.Disposals));
    }

    [Fact]
    public async Task Pulled_a_connection_is_read_on_only_when_its_item_was_consumed()
    {
        int produced = 0;
        IAsyncEnumerator<int> merged = new[] { _a }.ToAsyncEnumerable().MergeConnections(_ => CountAsync(), Report, _counters).GetAsyncEnumerator();
        for (int i = 1; i <= 5; i++)
        {
            Assert.True(await merged.MoveNextAsync().AsTask().WaitAsync(s_deadline));
            Assert.Equal((i, i), (merged.Current, produced));
        }

        await merged.DisposeAsync().AsTask().WaitAsync(s_deadline);
        Assert.Equal(1, _a.Disposals);
        Assert.Empty(_errors);

        async IAsyncEnumerable<int> CountAsync()
        {
            while (true)
            {
                await Task.Yield();
                yield return ++produced;
            }
        }
    }

    [Fact]
    public async Task Leaving_the_pulled_form_ends_readers_that_wait()
    {
        Channel<FakeConnection> accepted = Channel.CreateUnbounded<FakeConnection>();
        Assert.True(accepted.Writer.TryWrite(_a));
        Assert.True(accepted.Writer.TryWrite(_b));
        Channel<string> ofA = Channel.CreateUnbounded<string>();
        Assert.True(ofA.Writer.TryWrite("a"));
        Task reading = Task.Run(async () =>
        {
            await foreach (string _ in accepted.Reader.ReadAllAsync().MergeConnections(
                connection => (connection == _a ? ofA : Channel.CreateUnbounded<string>()).Reader.ReadAllAsync(), Report, _counters))
                break;
        });
        await reading.WaitAsync(s_deadline);
        Assert.Equal(1, _a.Disposals);
        Assert.Empty(_errors);
    }

    [Fact]
    public async Task Pulled_too_the_failure_of_the_source_ends_everything_with_its_own_stack()
    {
        var error = await Assert.ThrowsAsync<InvalidOperationException>(async () =>
        {
            await foreach (string _ in FailingAsync().MergeConnections(static _ => Channel.CreateUnbounded<string>().Reader.ReadAllAsync(), Report, _counters))
            {
            }
        }).WaitAsync(s_deadline);
        Assert.Contains(nameof(FailingAsync), error.StackTrace);
        Assert.Equal(1, _a.Disposals);
        Assert.Empty(_errors);

        async IAsyncEnumerable<FakeConnection> FailingAsync()
        {
            yield return _a;
            await Task.Yield();
            throw new InvalidOperationException("by the test");
        }
    }

    /// <summary>Goes on pushing to who has left.</summary>
    private sealed class Rude : IObservable<FakeConnection>
    {
        public IObserver<FakeConnection>? Observer { get; private set; }

        public IDisposable Subscribe(IObserver<FakeConnection> observer)
        {
            Observer = observer;
            return System.Reactive.Disposables.Disposable.Empty;
        }
    }
}
