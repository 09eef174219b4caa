using System.Net.Sockets;
using Microsoft.Extensions.Time.Testing;
using RxSockets.Tests.Testing;

namespace RxSockets.Tests.Operators.Connecting;

public class ReconnectingTests
{
    private static readonly TimeSpan s_deadline = TimeSpan.FromSeconds(10);

    private readonly FakeTimeProvider _time = new();
    private readonly List<Exception> _failures = [];
    private readonly Queue<Exception?> _outcomes = new();
    private readonly List<TimeSpan> _tries = [];
    private readonly DateTimeOffset _start;

    public ReconnectingTests() => _start = _time.GetUtcNow();

    private Reconnecting<FakeConnection> Make(double jitter = 0, double chance = 0) => new(
        _ =>
        {
            _tries.Add(_time.GetUtcNow() - _start);
            return _outcomes.TryDequeue(out Exception? failure) && failure is not null
                ? ValueTask.FromException<FakeConnection>(failure)
                : ValueTask.FromResult(new FakeConnection(_time));
        },
        new Backoff { First = TimeSpan.FromSeconds(1), Longest = TimeSpan.FromSeconds(6), Jitter = jitter }.Validated(),
        _time,
        _failures.Add,
        () => chance);

    private void Fail(int times)
    {
        for (int i = 0; i < times; i++)
            _outcomes.Enqueue(new SocketException((int)SocketError.ConnectionRefused));
    }

    // Until the pull is done, or as many seconds went by: the pauses run out one after the other.
    private async Task<int> SecondsUntilAsync(ValueTask<bool> pull, int most = 100)
    {
        Task<bool> task = pull.AsTask();
        int seconds = 0;
        for (; !task.IsCompleted && seconds < most; seconds++)
            _time.Advance(TimeSpan.FromSeconds(1));
        Assert.True(await task.WaitAsync(s_deadline));
        return seconds;
    }

    [Fact]
    public async Task Pauses_grow_to_the_longest_and_each_failure_is_told()
    {
        Fail(5);
        await using IAsyncEnumerator<FakeConnection> connections = Make().RunAsync().GetAsyncEnumerator();
        await SecondsUntilAsync(connections.MoveNextAsync());
        Assert.Equal([0, 1, 3, 7, 13, 19], _tries.Select(static at => at.TotalSeconds));
        Assert.Equal(5, _failures.Count);
    }

    [Fact]
    public async Task The_next_connection_comes_after_the_last_one_is_closed()
    {
        await using IAsyncEnumerator<FakeConnection> connections = Make().RunAsync().GetAsyncEnumerator();
        Assert.True(await connections.MoveNextAsync());
        FakeConnection first = connections.Current;
        ValueTask<bool> second = connections.MoveNextAsync();
        _time.Advance(TimeSpan.FromSeconds(3));
        Assert.Single(_tries);
        first.Close();
        Assert.Equal(1, await SecondsUntilAsync(second));
        Assert.NotSame(first, connections.Current);
    }

    [Fact]
    public async Task One_that_is_closed_at_once_makes_pauses_grow_and_one_that_lived_begins_anew()
    {
        await using IAsyncEnumerator<FakeConnection> connections = Make().RunAsync().GetAsyncEnumerator();
        Assert.True(await connections.MoveNextAsync());
        List<int> pauses = [];
        foreach (int lived in new[] { 0, 0, 5, 6 })
        {
            _time.Advance(TimeSpan.FromSeconds(lived));
            connections.Current.Close();
            pauses.Add(await SecondsUntilAsync(connections.MoveNextAsync()));
        }

        Assert.Equal([1, 2, 4, 1], pauses);
    }

    [Fact]
    public async Task Chance_shortens_pauses()
    {
        Fail(2);
        await using IAsyncEnumerator<FakeConnection> connections = Make(jitter: 0.5, chance: 1).RunAsync().GetAsyncEnumerator();
        ValueTask<bool> pull = connections.MoveNextAsync();
        _time.Advance(TimeSpan.FromSeconds(0.5));
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.True(await pull.AsTask().WaitAsync(s_deadline));
        Assert.Equal([0, 0.5, 1.5], _tries.Select(static at => at.TotalSeconds));
    }

    [Fact]
    public async Task Cancelling_ends_a_pause_and_a_wait()
    {
        Fail(1);
        using var stop = new CancellationTokenSource();
        await using IAsyncEnumerator<FakeConnection> connections = Make().RunAsync().GetAsyncEnumerator(stop.Token);
        ValueTask<bool> pausing = connections.MoveNextAsync();
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => pausing.AsTask().WaitAsync(s_deadline));

        using var later = new CancellationTokenSource();
        await using IAsyncEnumerator<FakeConnection> others = Make().RunAsync().GetAsyncEnumerator(later.Token);
        Assert.True(await others.MoveNextAsync());
        ValueTask<bool> waiting = others.MoveNextAsync();
        await later.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting.AsTask().WaitAsync(s_deadline));
    }

    [Fact]
    public async Task What_no_later_try_can_cure_is_thrown()
    {
        _outcomes.Enqueue(new ArgumentException("wrong"));
        await using IAsyncEnumerator<FakeConnection> connections = Make().RunAsync().GetAsyncEnumerator();
        await Assert.ThrowsAsync<ArgumentException>(async () => await connections.MoveNextAsync());
        Assert.Empty(_failures);
    }

    [Fact]
    public async Task Pushed_a_connection_that_comes_while_the_subscriber_leaves_is_disposed()
    {
        var connecting = new TaskCompletionSource<FakeConnection>();
        var reached = new TaskCompletionSource();
        var reconnecting = new Reconnecting<FakeConnection>(
            _ =>
            {
                reached.TrySetResult();
                return new ValueTask<FakeConnection>(connecting.Task);
            },
            new Backoff(),
            _time,
            null,
            static () => 0);
        IDisposable subscription = reconnecting.RunAsync().AsObservable().Subscribe(static _ => Assert.Fail("delivered"));
        await reached.Task.WaitAsync(s_deadline);
        subscription.Dispose();
        var connection = new FakeConnection(_time);
        connecting.SetResult(connection);
        await connection.Closed.WaitAsync(s_deadline);
        Assert.Equal(1, connection.Disposals);
    }

    [Theory]
    [InlineData(0, 1)]
    [InlineData(3, 8)]
    [InlineData(4, 10)]
    [InlineData(2000, 10)]
    public void Pauses_double_up_to_the_longest(int failures, double seconds)
    {
        Backoff backoff = new Backoff { First = TimeSpan.FromSeconds(1), Longest = TimeSpan.FromSeconds(10), Jitter = 0.5 }.Validated();
        Assert.Equal(seconds, backoff.PauseAfter(failures, 0).TotalSeconds);
        Assert.Equal(seconds / 2, backoff.PauseAfter(failures, 1).TotalSeconds);
    }

    [Fact]
    public void Nonsense_is_refused()
    {
        Assert.Throws<ArgumentOutOfRangeException>(static () => new Backoff { First = TimeSpan.Zero }.Validated());
        Assert.Throws<ArgumentOutOfRangeException>(static () => new Backoff { Longest = TimeSpan.FromMilliseconds(1) }.Validated());
        Assert.Throws<ArgumentOutOfRangeException>(static () => new Backoff { Factor = double.NaN }.Validated());
        Assert.Throws<ArgumentOutOfRangeException>(static () => new Backoff { Factor = 0.9 }.Validated());
        Assert.Throws<ArgumentOutOfRangeException>(static () => new Backoff { Jitter = 1.1 }.Validated());
    }
}
