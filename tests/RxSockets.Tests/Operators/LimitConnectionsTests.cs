using System.Reactive.Linq;
using System.Reactive.Subjects;
using System.Threading.Channels;
using Microsoft.Extensions.Time.Testing;
using RxSockets.Tests.Testing;

namespace RxSockets.Tests.Operators;

public class LimitConnectionsTests
{
    private static readonly TimeSpan s_deadline = TimeSpan.FromSeconds(10);

    private readonly FakeTimeProvider _time = new();
    private readonly ConnectionCounters _counters = new();
    private readonly List<FakeConnection> _seen = [];

    private FakeConnection[] Make(int count) => [.. Enumerable.Range(0, count).Select(i => new FakeConnection(_time, $"{i}"))];

    [Fact]
    public void Beyond_the_limit_connections_are_rejected_until_one_is_closed()
    {
        using var source = new Subject<FakeConnection>();
        FakeConnection[] all = Make(4);
        bool completed = false;
        using IDisposable subscription = source.LimitConnections(2, ConnectionLimitMode.Reject, _counters).Subscribe(_seen.Add, () => completed = true);
        source.OnNext(all[0]);
        source.OnNext(all[1]);
        source.OnNext(all[2]);
        Assert.Contains("LimitConnections", all[2].AbortReason);
        all[0].Close();
        source.OnNext(all[3]);
        source.OnCompleted();
        Assert.Equal([all[0], all[1], all[3]], _seen);
        Assert.True(completed);
        Assert.Equal(1, _counters.Rejected);
    }

    [Fact]
    public async Task The_pulled_form_rejects_as_well()
    {
        FakeConnection[] all = Make(4);
        await foreach (FakeConnection connection in all.ToAsyncEnumerable().LimitConnections(2, ConnectionLimitMode.Reject, _counters))
        {
            _seen.Add(connection);
            if (_seen.Count == 2)
                all[0].Close();
        }

        Assert.Equal([all[0], all[1], all[2]], _seen);
        Assert.NotNull(all[3].AbortReason);
        Assert.Equal(1, _counters.Rejected);
    }

    [Fact]
    public async Task At_the_limit_the_pulled_form_does_not_pull()
    {
        FakeConnection[] all = Make(3);
        Channel<FakeConnection> accepted = Channel.CreateUnbounded<FakeConnection>();
        foreach (FakeConnection connection in all)
            Assert.True(accepted.Writer.TryWrite(connection));
        IAsyncEnumerator<FakeConnection> limited = accepted.Reader.ReadAllAsync().LimitConnections(2).GetAsyncEnumerator();
        Assert.True(await limited.MoveNextAsync());
        Assert.True(await limited.MoveNextAsync());
        ValueTask<bool> third = limited.MoveNextAsync();
        Assert.False(third.IsCompleted);
        Assert.Equal(1, accepted.Reader.Count);
        all[1].Close();
        Assert.True(await third.AsTask().WaitAsync(s_deadline));
        Assert.Same(all[2], limited.Current);
        await limited.DisposeAsync();
    }

    [Fact]
    public async Task Leaving_gives_the_place_in_hand_back()
    {
        FakeConnection[] all = Make(2);
        IAsyncEnumerable<FakeConnection> limited = all.ToAsyncEnumerable().LimitConnections(1);
        for (int i = 0; i < 3; i++)
        {
            using var stop = new CancellationTokenSource();
            await using IAsyncEnumerator<FakeConnection> enumerator = Channel.CreateUnbounded<FakeConnection>().Reader.ReadAllAsync().LimitConnections(1).GetAsyncEnumerator(stop.Token);
            ValueTask<bool> waiting = enumerator.MoveNextAsync();
            await stop.CancelAsync();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await waiting);
        }

        // Taken and left three times: the one place is still there, and taken for as long as its connection is open, whoever enumerates.
        for (int i = 0; i < 3; i++)
        {
            await foreach (FakeConnection connection in limited)
            {
                _seen.Add(connection);
                connection.Close();
                break;
            }
        }

        Assert.Equal(3, _seen.Count);
    }

    [Fact]
    public void At_the_limit_the_pushed_form_leaves_the_stream_and_comes_back()
    {
        // A cold stream that loses nothing when it is left, as a listener's.
        var source = new Resumable(Make(4));
        FakeConnection[] all = [.. source.Waiting];
        bool completed = false;
        using IDisposable subscription = source.LimitConnections(2).Subscribe(_seen.Add, () => completed = true);
        source.Pump();
        Assert.Equal(all[..2], _seen);
        Assert.False(source.HasReader);
        all[0].Close();
        PumpOnceThereIsAReader();
        Assert.Equal(all[..3], _seen);
        Assert.False(source.HasReader);
        all[2].Close();
        PumpOnceThereIsAReader();
        Assert.Equal(all, _seen);
        Assert.False(completed);
        all[3].Close();
        PumpOnceThereIsAReader();
        source.Complete();
        Assert.True(completed);

        // A place that comes free resumes its waiter on the pool.
        void PumpOnceThereIsAReader()
        {
            Assert.True(SpinWait.SpinUntil(() => source.HasReader, s_deadline));
            source.Pump();
        }
    }

    [Fact]
    public void Unsubscribing_while_waiting_takes_nothing_more()
    {
        var source = new Resumable(Make(3));
        FakeConnection[] all = [.. source.Waiting];
        IObservable<FakeConnection> limited = source.LimitConnections(1);
        using (limited.Subscribe(_seen.Add))
            source.Pump();
        Assert.Equal([all[0]], _seen);
        all[0].Close();
        source.Pump();
        Assert.Equal([all[0]], _seen);
        // The place that came free is there for the next subscriber of the same operator.
        using IDisposable second = limited.Subscribe(_seen.Add);
        source.Pump();
        Assert.Equal(all[..2], _seen);
    }

    [Fact]
    public void Unsubscribing_with_a_place_in_hand_gives_it_back()
    {
        var source = new Resumable([]);
        IObservable<FakeConnection> limited = source.LimitConnections(1);
        for (int i = 0; i < 3; i++)
        {
            limited.Subscribe(_seen.Add).Dispose();
            Assert.False(source.HasReader);
        }

        using IDisposable last = limited.Subscribe(_seen.Add);
        Assert.True(source.HasReader);
    }

    [Fact]
    public void Nonsense_is_refused_at_once()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => Observable.Never<FakeConnection>().LimitConnections(0));
        Assert.Throws<ArgumentOutOfRangeException>(() => Observable.Never<FakeConnection>().LimitConnections(1, (ConnectionLimitMode)7));
    }

    /// <summary>Pushes what waits to its one reader; what no reader took waits for the next.</summary>
    private sealed class Resumable(IEnumerable<FakeConnection> waiting) : IObservable<FakeConnection>
    {
        private IObserver<FakeConnection>? _reader;

        public Queue<FakeConnection> Waiting { get; } = new(waiting);

        public bool HasReader => _reader is not null;

        public IDisposable Subscribe(IObserver<FakeConnection> observer)
        {
            Assert.Null(_reader);
            _reader = observer;
            return System.Reactive.Disposables.Disposable.Create(() =>
            {
                if (_reader == observer)
                    _reader = null;
            });
        }

        // Never inside Subscribe: nobody could leave yet.
        public void Pump()
        {
            while (_reader is { } reader && Waiting.TryDequeue(out FakeConnection? connection))
                reader.OnNext(connection);
        }

        public void Complete() => _reader!.OnCompleted();
    }
}
