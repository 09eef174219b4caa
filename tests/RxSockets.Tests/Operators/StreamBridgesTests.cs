using System.Buffers;
using System.Reactive.Linq;
using System.Reactive.Subjects;
using System.Reactive.Threading.Tasks;
using System.Runtime.CompilerServices;
using System.Threading.Channels;

namespace RxSockets.Tests.Operators;

public class StreamBridgesTests
{
    private static readonly TimeSpan s_deadline = TimeSpan.FromSeconds(10);

    [Theory]
    [InlineData(OverflowMode.DropOldest, "3 4 5")]
    [InlineData(OverflowMode.DropNewest, "1 2 5")]
    public async Task At_the_capacity_items_are_dropped(OverflowMode overflow, string expected)
    {
        using var source = new Subject<int>();
        IAsyncEnumerator<int> pulled = source.ToAsyncEnumerable(3, overflow).GetAsyncEnumerator();
        ValueTask<bool> first = pulled.MoveNextAsync();
        Assert.True(source.HasObservers);
        source.OnNext(0);
        Assert.True(await first.AsTask().WaitAsync(s_deadline));
        for (int i = 1; i <= 5; i++)
            source.OnNext(i);
        source.OnCompleted();
        List<int> seen = [];
        while (await pulled.MoveNextAsync().AsTask().WaitAsync(s_deadline))
            seen.Add(pulled.Current);
        Assert.Equal(expected, string.Join(' ', seen));
    }

    [Fact]
    public async Task Overflow_may_be_a_failure_behind_what_was_taken()
    {
        using var source = new Subject<int>();
        IAsyncEnumerator<int> pulled = source.ToAsyncEnumerable(2, OverflowMode.Fail).GetAsyncEnumerator();
        ValueTask<bool> first = pulled.MoveNextAsync();
        source.OnNext(0);
        Assert.True(await first.AsTask().WaitAsync(s_deadline));
        for (int i = 1; i <= 4; i++)
            source.OnNext(i);
        Assert.True(await pulled.MoveNextAsync());
        Assert.True(await pulled.MoveNextAsync());
        Assert.Equal(2, pulled.Current);
        var error = await Assert.ThrowsAsync<BridgeOverflowException>(async () => await pulled.MoveNextAsync());
        Assert.Contains("2 items", error.Message);
        Assert.False(source.HasObservers);
    }

    [Fact]
    public async Task Waiting_holds_the_pushing_thread_until_there_is_room()
    {
        using var source = new Subject<int>();
        int pushed = 0;
        IAsyncEnumerator<int> pulled = source.ToAsyncEnumerable(1, OverflowMode.Wait).GetAsyncEnumerator();
        ValueTask<bool> first = pulled.MoveNextAsync();
        Task pushing = Task.Run(() =>
        {
            for (int i = 0; i < 100; i++)
            {
                source.OnNext(i);
                Volatile.Write(ref pushed, i + 1);
            }

            source.OnCompleted();
        });
        for (int i = 0; i < 100; i++)
        {
            Assert.True(await (i == 0 ? first : pulled.MoveNextAsync()).AsTask().WaitAsync(s_deadline));
            Assert.Equal(i, pulled.Current);
            // This one is out, one waits, one is in the hand of the thread that waits.
            Assert.InRange(Volatile.Read(ref pushed), i, i + 2);
        }

        Assert.False(await pulled.MoveNextAsync().AsTask().WaitAsync(s_deadline));
        await pushing.WaitAsync(s_deadline);
    }

    [Fact]
    public async Task A_reader_that_leaves_frees_the_thread_that_waits_for_room()
    {
        using var source = new Subject<int>();
        IAsyncEnumerator<int> pulled = source.ToAsyncEnumerable(1, OverflowMode.Wait).GetAsyncEnumerator();
        ValueTask<bool> first = pulled.MoveNextAsync();
        Task pushing = Task.Run(() =>
        {
            for (int i = 0; i < 3; i++)
                source.OnNext(i);
        });
        Assert.True(await first.AsTask().WaitAsync(s_deadline));
        await pulled.DisposeAsync().AsTask().WaitAsync(s_deadline);
        await pushing.WaitAsync(s_deadline);
        Assert.False(source.HasObservers);
    }

    [Fact]
    public async Task The_failure_of_a_pushed_stream_comes_behind_its_items_and_is_the_same_exception()
    {
        var failure = new InvalidOperationException("by the test");
        List<int> seen = [];
        var error = await Assert.ThrowsAsync<InvalidOperationException>(async () =>
        {
            await foreach (int item in Observable.Range(1, 3).Concat(Observable.Throw<int>(failure)).ToAsyncEnumerable(10, OverflowMode.Fail))
                seen.Add(item);
        });
        Assert.Same(failure, error);
        Assert.Equal([1, 2, 3], seen);
    }

    [Fact]
    public async Task A_cancelled_token_ends_the_pull_and_unsubscribes()
    {
        using var source = new Subject<int>();
        using var stop = new CancellationTokenSource();
        IAsyncEnumerator<int> pulled = source.ToAsyncEnumerable(1, OverflowMode.Fail).GetAsyncEnumerator(stop.Token);
        ValueTask<bool> first = pulled.MoveNextAsync();
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await first);
        Assert.False(source.HasObservers);
    }

    [Fact]
    public async Task A_pulled_stream_is_pushed_item_by_item_and_its_failure_keeps_its_stack()
    {
        List<int> seen = [];
        var error = await Assert.ThrowsAsync<InvalidOperationException>(
            () => FailingAsync().AsObservable().Do(seen.Add).ToTask().WaitAsync(s_deadline));
        Assert.Equal([1, 2], seen);
        Assert.Contains(nameof(FailingAsync), error.StackTrace);

        static async IAsyncEnumerable<int> FailingAsync()
        {
            yield return 1;
            await Task.Yield();
            yield return 2;
            throw new InvalidOperationException("by the test");
        }
    }

    [Fact]
    public async Task The_next_item_is_pulled_when_OnNext_returned()
    {
        int outstanding = 0, most = 0;
        await NumbersAsync().AsObservable().Do(_ =>
        {
            Interlocked.Decrement(ref outstanding);
        }).LastAsync().ToTask().WaitAsync(s_deadline);
        Assert.Equal(1, most);

        async IAsyncEnumerable<int> NumbersAsync()
        {
            for (int i = 0; i < 100; i++)
            {
                most = Math.Max(most, Interlocked.Increment(ref outstanding));
                yield return i;
                await Task.Yield();
            }
        }
    }

    [Fact]
    public async Task Unsubscribing_cancels_and_disposes_the_enumeration()
    {
        var disposed = new TaskCompletionSource();
        int seen = 0;
        await EndlessAsync().AsObservable().Do(_ => seen++).Take(3).ToTask().WaitAsync(s_deadline);
        await disposed.Task.WaitAsync(s_deadline);
        Assert.Equal(3, seen);

        async IAsyncEnumerable<int> EndlessAsync([EnumeratorCancellation] CancellationToken token = default)
        {
            try
            {
                Channel<int> items = Channel.CreateUnbounded<int>();
                for (int i = 0; i < 3; i++)
                    Assert.True(items.Writer.TryWrite(i));
                await foreach (int item in items.Reader.ReadAllAsync(token))
                    yield return item;
            }
            finally
            {
                disposed.SetResult();
            }
        }
    }

    [Fact]
    public async Task An_OnNext_that_throws_ends_its_subscription()
    {
        var error = new TaskCompletionSource<Exception>();
        AsyncEnumerable.Range(0, 10).AsObservable().Subscribe(new Throwing(error));
        Assert.Equal("by the test", (await error.Task.WaitAsync(s_deadline)).Message);
    }

    [Fact]
    public async Task Copies_and_retained_memory_outlive_the_loan()
    {
        byte[] memory = [1, 2, 3];
        IAsyncEnumerable<ReceivedSegment> source = new[] { ReceivedSegment.FromMemory(memory) }.ToAsyncEnumerable();
        ReceivedSegment copy = await source.Copied().FirstAsync();
        ReceivedSegment pushedCopy = await Observable.Return(ReceivedSegment.FromMemory(memory)).Copied().FirstAsync();
        using IMemoryOwner<byte> retained = await source.Retained().FirstAsync();
        using IMemoryOwner<byte> pushed = await Observable.Return(ReceivedSegment.FromMemory(memory)).Retained().FirstAsync();
        memory[0] = 9;
        Assert.Equal([1, 2, 3], copy.ToArray());
        Assert.Equal([1, 2, 3], pushedCopy.ToArray());
        Assert.Equal([9, 2, 3], retained.Memory.ToArray());
        Assert.Equal([9, 2, 3], pushed.Memory.ToArray());
    }

    private sealed class Throwing(TaskCompletionSource<Exception> failure) : IObserver<int>
    {
        public void OnNext(int value) => throw new InvalidOperationException("by the test");

        public void OnError(Exception error) => failure.SetResult(error);

        public void OnCompleted() => Assert.Fail("completed");
    }
}
