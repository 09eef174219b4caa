using RxSockets.Engines;
using RxSockets.Operations;

namespace RxSockets.Tests.Engines;

/// <summary>What the loops of the engines have in common, over a kernel that is one semaphore.</summary>
public class CompletionLoopTests
{
    private static readonly TimeSpan s_deadline = TimeSpan.FromSeconds(20);

    [Fact]
    public async Task Work_from_elsewhere_runs_although_a_handler_blocks_and_the_loop_sleeps()
    {
        using var release = new ManualResetEventSlim();
        var loop = new FakeLoop(CompletionScheduling.ThreadPool);
        var blocked = new Work(() => release.Wait(s_deadline));
        loop.Schedule(blocked);
        await blocked.Started.WaitAsync(s_deadline);
        Assert.True(SpinWait.SpinUntil(() => loop.SleepsForEver, s_deadline));
        var other = new Work(static () => { });
        loop.Schedule(other);
        await other.Started.WaitAsync(TimeSpan.FromSeconds(5));
        release.Set();
        await loop.StopAsync().WaitAsync(s_deadline);
    }

    [Fact]
    public async Task What_a_handler_posts_is_done_although_it_blocks_before_the_end_of_its_batch()
    {
        var loop = new FakeLoop(CompletionScheduling.ThreadPool);
        using var done = new ManualResetEventSlim();
        var inTime = new TaskCompletionSource<bool>(TaskCreationOptions.RunContinuationsAsynchronously);
        var blocking = new Work(() =>
        {
            // Another one is queued behind this: the worker leaves the waking to the end of its batch, which does not come.
            loop.Post(new Node(done.Set), 1);
            inTime.SetResult(done.Wait(TimeSpan.FromSeconds(5)));
        });
        var behind = new Work(static () => { });
        loop.Post(
            new Node(() =>
            {
                loop.Schedule(blocking);
                loop.Schedule(behind);
            }),
            1);
        await blocking.Started.WaitAsync(s_deadline);
        await behind.Started.WaitAsync(s_deadline);
        await loop.StopAsync().WaitAsync(s_deadline);
        Assert.True(await inTime.Task.WaitAsync(s_deadline));
    }

    [Fact]
    public async Task What_a_batch_posted_is_done_at_its_end()
    {
        var loop = new FakeLoop(CompletionScheduling.ThreadPool);
        int done = 0;
        using var all = new ManualResetEventSlim();
        loop.Post(
            new Node(() =>
            {
                for (int i = 0; i < 10; i++)
                    loop.Schedule(new Work(() => loop.Post(new Node(() => Interlocked.Increment(ref done)), 1)));
                loop.Schedule(new Work(all.Set));
            }),
            1);
        Assert.True(SpinWait.SpinUntil(() => Volatile.Read(ref done) == 10 && all.IsSet, s_deadline));
        await loop.StopAsync().WaitAsync(s_deadline);
    }

    [Theory]
    [InlineData(CompletionScheduling.Inline)]
    [InlineData(CompletionScheduling.ThreadPool)]
    public async Task Work_scheduled_after_the_loops_end_still_runs(CompletionScheduling scheduling)
    {
        var loop = new FakeLoop(scheduling);
        await loop.StopAsync().WaitAsync(s_deadline);
        var late = new Work(static () => { });
        loop.Schedule(late);
        await late.Started.WaitAsync(s_deadline);
    }

    [Fact]
    public async Task A_node_that_throws_is_reported_and_the_loop_goes_on()
    {
        var loop = new FakeLoop(CompletionScheduling.Inline);
        loop.Post(new Node(static () => throw new InvalidOperationException("thrown by the test")), 1);
        var after = new TaskCompletionSource();
        loop.Post(new Node(after.SetResult), 1);
        await after.Task.WaitAsync(s_deadline);
        await loop.StopAsync().WaitAsync(s_deadline);
        Assert.Equal("thrown by the test", Assert.Single(loop.Unhandled).Message);
    }

    private sealed class FakeLoop : CompletionLoop
    {
        private readonly SemaphoreSlim _kernel = new(0);
        private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly List<Exception> _unhandled;
        private bool _stopping;
        private volatile bool _forEver;

        public FakeLoop(CompletionScheduling scheduling)
            : this(scheduling, [])
        {
        }

        private FakeLoop(CompletionScheduling scheduling, List<Exception> unhandled)
            : base(scheduling, unhandled.Add, "fake loop")
        {
            _unhandled = unhandled;
            StartThread();
        }

        public IReadOnlyList<Exception> Unhandled => _unhandled;

        /// <summary>It waits without a time limit.</summary>
        public bool SleepsForEver => _forEver;

        public Task StopAsync()
        {
            Volatile.Write(ref _stopping, true);
            Post(new Node(static () => { }), 1);
            return _ended.Task;
        }

        protected override void Run()
        {
            while (!Volatile.Read(ref _stopping) || HasWork)
            {
                ExecutePosted();
                RunReady();
                bool idle = TrySleep(ref _stopping);
                bool looksAgain = PoolHasQueued;
                _forEver = idle && !looksAgain;
                if (idle)
                    _kernel.Wait(looksAgain ? PoolDispatcher.CheckInterval : Timeout.InfiniteTimeSpan);
                _forEver = false;
                Awake();
                HandToPool();
            }

            EndThread();
            _ended.SetResult();
        }

        protected override void Wake() => _kernel.Release();
    }

    private sealed class Node(Action action) : LoopNode
    {
        public override void Execute(int commands) => action();
    }

    private sealed class Work(Action action) : CompletionWork
    {
        private readonly TaskCompletionSource _started = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task Started => _started.Task;

        public override void Run()
        {
            _started.SetResult();
            action();
        }
    }
}
