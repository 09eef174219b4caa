using System.Reactive.Subjects;
using System.Threading.Channels;

namespace RxSockets.Tests.Operators;

public class ForEachConnectionTests
{
    private static readonly TimeSpan s_deadline = TimeSpan.FromSeconds(10);

    private readonly Channel<Fake> _accepted = Channel.CreateUnbounded<Fake>();

    [Fact]
    public async Task Every_connection_is_disposed_when_its_handler_ends()
    {
        Fake[] all = [new(), new(), new()];
        foreach (Fake connection in all)
            Assert.True(_accepted.Writer.TryWrite(connection));
        _accepted.Writer.Complete();

        await _accepted.Reader.ReadAllAsync().ForEachConnectionAsync(static _ => Task.CompletedTask).WaitAsync(s_deadline);

        Assert.All(all, static connection => Assert.Equal(1, connection.Disposals));
    }

    [Fact]
    public async Task A_failing_handler_is_reported_and_ends_nothing_else()
    {
        Fake bad = new(), good = new();
        var errors = new List<(Fake, Exception)>();
        Assert.True(_accepted.Writer.TryWrite(bad));
        Assert.True(_accepted.Writer.TryWrite(good));
        _accepted.Writer.Complete();
        int handled = 0;

        await _accepted.Reader.ReadAllAsync().ForEachConnectionAsync(
            connection =>
            {
                if (connection == bad)
                    throw new InvalidOperationException("bad client");
                handled++;
                return Task.CompletedTask;
            },
            (connection, error) => errors.Add((connection, error))).WaitAsync(s_deadline);

        Assert.Equal(1, handled);
        (Fake reported, Exception thrown) = Assert.Single(errors);
        Assert.Same(bad, reported);
        Assert.Equal("bad client", thrown.Message);
        Assert.Equal(1, bad.Disposals);
        Assert.Equal(1, good.Disposals);
    }

    [Fact]
    public async Task At_the_limit_no_connection_is_taken()
    {
        var gates = new[] { new TaskCompletionSource(), new TaskCompletionSource(), new TaskCompletionSource() };
        var started = Channel.CreateUnbounded<int>();
        int next = -1;
        Task running = _accepted.Reader.ReadAllAsync().ForEachConnectionAsync(
            async _ =>
            {
                int mine = Interlocked.Increment(ref next);
                Assert.True(started.Writer.TryWrite(mine));
                await gates[mine].Task;
            },
            maxConcurrency: 2);
        foreach (TaskCompletionSource _ in gates)
            Assert.True(_accepted.Writer.TryWrite(new Fake()));
        _accepted.Writer.Complete();

        // Each handler begins on the pool: which of the two says so first is open.
        int first = await started.Reader.ReadAsync(TestContext.Current.CancellationToken);
        Assert.Equal(1 - first, await started.Reader.ReadAsync(TestContext.Current.CancellationToken));
        Assert.Equal(1, _accepted.Reader.Count);

        gates[0].SetResult();
        Assert.Equal(2, await started.Reader.ReadAsync(TestContext.Current.CancellationToken));
        gates[1].SetResult();
        gates[2].SetResult();
        await running.WaitAsync(s_deadline);
    }

    [Fact]
    public async Task A_cancelled_token_ends_the_stream_after_the_handlers()
    {
        using var source = new CancellationTokenSource();
        var gate = new TaskCompletionSource();
        var started = new TaskCompletionSource();
        var connection = new Fake();
        Task running = _accepted.Reader.ReadAllAsync(CancellationToken.None).ForEachConnectionAsync(
            async _ =>
            {
                started.SetResult();
                await gate.Task;
            },
            cancellationToken: source.Token);
        Assert.True(_accepted.Writer.TryWrite(connection));
        await started.Task.WaitAsync(s_deadline, TestContext.Current.CancellationToken);

        await source.CancelAsync();
        Assert.False(running.IsCompleted);
        gate.SetResult();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => running.WaitAsync(s_deadline));
        Assert.Equal(1, connection.Disposals);
    }

    [Fact]
    public async Task A_handler_that_blocks_on_the_pool_does_not_hold_the_stream_up()
    {
        using var release = new ManualResetEventSlim();
        var second = new TaskCompletionSource();
        Fake blocking = new(), next = new();
        // On the pool, as a port's completions are: the stream goes on although the first handler never awaits.
        Task running = Task.Run(() => _accepted.Reader.ReadAllAsync().ForEachConnectionAsync(connection =>
        {
            if (connection == blocking)
                release.Wait();
            else
                second.SetResult();
            return Task.CompletedTask;
        }));
        Assert.True(_accepted.Writer.TryWrite(blocking));
        Assert.True(_accepted.Writer.TryWrite(next));
        _accepted.Writer.Complete();
        await second.Task.WaitAsync(s_deadline);
        release.Set();
        await running.WaitAsync(s_deadline);
        Assert.Equal((1, 1), (blocking.Disposals, next.Disposals));
    }

    [Fact]
    public async Task Handlers_keep_the_execution_context_of_the_caller()
    {
        var local = new AsyncLocal<string> { Value = "caller" };
        string? seen = null;
        Assert.True(_accepted.Writer.TryWrite(new Fake()));
        _accepted.Writer.Complete();
        await Task.Run(() => _accepted.Reader.ReadAllAsync().ForEachConnectionAsync(_ =>
        {
            seen = local.Value;
            return Task.CompletedTask;
        })).WaitAsync(s_deadline);
        Assert.Equal("caller", seen);
    }

    [Fact]
    public async Task The_pushed_form_runs_a_handler_for_each_and_waits_for_the_last()
    {
        using var source = new Subject<Fake>();
        var gate = new TaskCompletionSource();
        var errors = new List<Exception>();
        Fake good = new(), bad = new();
        Task running = source.ForEachConnectionAsync(
            async connection =>
            {
                await gate.Task;
                if (connection == bad)
                    throw new InvalidOperationException("bad client");
            },
            (_, error) =>
            {
                lock (errors)
                    errors.Add(error);
            });
        source.OnNext(good);
        source.OnNext(bad);
        source.OnCompleted();
        Assert.False(running.IsCompleted);
        gate.SetResult();
        await running.WaitAsync(s_deadline);
        Assert.Equal("bad client", Assert.Single(errors).Message);
        Assert.Equal((1, 1), (good.Disposals, bad.Disposals));
    }

    [Fact]
    public async Task The_pushed_form_ends_with_the_failure_of_the_stream_or_the_token()
    {
        using var source = new Subject<Fake>();
        Task failing = source.ForEachConnectionAsync(static _ => Task.CompletedTask);
        source.OnError(new InvalidOperationException("stream"));
        await Assert.ThrowsAsync<InvalidOperationException>(() => failing.WaitAsync(s_deadline));

        using var other = new Subject<Fake>();
        using var stop = new CancellationTokenSource();
        Task cancelled = other.ForEachConnectionAsync(static _ => Task.CompletedTask, cancellationToken: stop.Token);
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => cancelled.WaitAsync(s_deadline));
        Assert.False(other.HasObservers);
    }

    [Fact]
    public async Task The_pushed_form_takes_no_connection_at_its_limit()
    {
        using var source = new Subject<Fake>();
        var gate = new TaskCompletionSource();
        var second = new TaskCompletionSource();
        int handled = 0;
        Task running = source.ForEachConnectionAsync(
            _ =>
            {
                if (Interlocked.Increment(ref handled) == 2)
                    second.SetResult();
                return gate.Task;
            },
            maxConcurrency: 2);
        source.OnNext(new Fake());
        Assert.True(source.HasObservers);
        source.OnNext(new Fake());
        Assert.False(source.HasObservers);
        await second.Task.WaitAsync(s_deadline);
        gate.SetResult();
        Assert.True(SpinWait.SpinUntil(() => source.HasObservers, s_deadline));
        source.OnCompleted();
        await running.WaitAsync(s_deadline);
    }

    private sealed class Fake : IAsyncDisposable
    {
        public int Disposals { get; private set; }

        public ValueTask DisposeAsync()
        {
            Disposals++;
            return ValueTask.CompletedTask;
        }
    }
}
