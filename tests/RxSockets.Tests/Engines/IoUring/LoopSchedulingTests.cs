using RxSockets.Engines;
using RxSockets.Engines.IoUring;
using RxSockets.Native.Linux;

namespace RxSockets.Tests.Engines.IoUring;

/// <summary>The scheduling policy of threads (sched(7)): a loop's where its handlers run on the pool, and nobody else's.</summary>
public class LoopSchedulingTests
{
    [Theory]
    [InlineData(CompletionScheduling.ThreadPool, LinuxConstants.SCHED_BATCH)]
    [InlineData(CompletionScheduling.Inline, LinuxConstants.SCHED_OTHER)]
    public async Task A_loop_whose_handlers_run_on_the_pool_does_not_preempt(CompletionScheduling scheduling, int expected)
    {
        await using CompletionPort port = Create(scheduling);
        var policy = new PolicyNode();
        ((IoUringLoop)port.Core.Engine.Loops[0]).Post(policy, 1);
        Assert.Equal(expected, await policy.Task.WaitAsync(TimeSpan.FromSeconds(20), TimeProvider.System));
    }

    [Fact]
    public async Task A_worker_under_a_loops_policy_gives_it_back()
    {
        await using CompletionPort port = Create(CompletionScheduling.ThreadPool);
        int before = -1, after = -1;
        var worker = new Thread(() =>
        {
            LoopScheduling.Enter();
            before = Libc.sched_getscheduler(0);
            // As the pool would.
            ((IThreadPoolWorkItem)new PoolDispatcher((IoUringLoop)port.Core.Engine.Loops[0], static _ => { })).Execute();
            after = Libc.sched_getscheduler(0);
        });
        worker.Start();
        Assert.True(worker.Join(TimeSpan.FromSeconds(20)));
        Assert.Equal((LinuxConstants.SCHED_BATCH, LinuxConstants.SCHED_OTHER), (before, after));
    }

    private static CompletionPort Create(CompletionScheduling scheduling)
    {
        if (EngineSelector.WhyNot(EngineKind.IoUring) is { } reason)
            Assert.Skip(reason);
        return CompletionPort.Create(new CompletionPortOptions { Engine = EngineKind.IoUring, Scheduling = scheduling, Loops = 1 });
    }

    private sealed class PolicyNode : LoopNode
    {
        private readonly TaskCompletionSource<int> _policy = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task<int> Task => _policy.Task;

        public override void Execute(int commands) => _policy.SetResult(Libc.sched_getscheduler(0));
    }
}
