using System.Threading.Channels;
using Xunit;

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

        Assert.Equal(0, await started.Reader.ReadAsync(TestContext.Current.CancellationToken));
        Assert.Equal(1, await started.Reader.ReadAsync(TestContext.Current.CancellationToken));
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
