using RxSockets.Operations;

namespace RxSockets.Tests.Operations;

/// <summary>An operation that ends before anybody awaits it needs no turn of its own; user code never runs inside of that.</summary>
public class UnawaitedOperationTests
{
    private static readonly TimeSpan s_deadline = TimeSpan.FromSeconds(10);

    [Fact]
    public async Task It_is_complete_at_once()
    {
        SendOperation operation = SendOperation.Rent(new byte[1]);
        ValueTask task = operation.VoidTask;
        operation.SetResult(new TransmitResult(1));
        Assert.False(task.IsCompleted);
        Assert.True(operation.TryCompleteUnawaited());
        Assert.True(task.IsCompletedSuccessfully);
        await task;
    }

    [Fact]
    public async Task Its_error_waits_for_whoever_awaits()
    {
        SendOperation operation = SendOperation.Rent(new byte[1]);
        ValueTask task = operation.VoidTask;
        operation.SetError(new InvalidOperationException("test"));
        Assert.True(operation.TryCompleteUnawaited());
        await Assert.ThrowsAsync<InvalidOperationException>(async () => await task);
    }

    [Fact]
    public async Task One_that_is_awaited_has_its_turn()
    {
        SendOperation operation = SendOperation.Rent(new byte[1]);
        Task task = operation.VoidTask.AsTask();
        operation.SetResult(new TransmitResult(1));
        Assert.False(operation.TryCompleteUnawaited());
        Assert.False(task.IsCompleted);
        operation.Run();
        await task;
    }

    [Fact]
    public async Task Whichever_comes_first_it_ends_once_and_never_inside_the_call()
    {
        // In one round of three the one comes first, in one the other, and in one they meet as they happen to.
        int early = 0, late = 0;
        var meeting = new Barrier(2);
        SendOperation? operation = null;
        bool ended = false, hasEnded = false, isAwaited = false;
        const int Rounds = 20_000;
        Task ending = Task.Factory.StartNew(End, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        for (int round = 0; round < Rounds; round++)
        {
            operation = SendOperation.Rent(new byte[1]);
            hasEnded = isAwaited = false;
            var done = new TaskCompletionSource<int>();
            System.Runtime.CompilerServices.ValueTaskAwaiter awaiter = operation.VoidTask.GetAwaiter();
            meeting.SignalAndWait(TestContext.Current.CancellationToken);
            if (round % 3 == 0)
                Assert.True(SpinWait.SpinUntil(() => Volatile.Read(ref hasEnded), s_deadline));
            Thread.SpinWait(round % 50);
            awaiter.UnsafeOnCompleted(() => done.SetResult(Environment.CurrentManagedThreadId));
            Volatile.Write(ref isAwaited, true);
            meeting.SignalAndWait(TestContext.Current.CancellationToken);
            if (ended)
            {
                early++;
            }
            else
            {
                late++;
                operation.Run();
            }

            int thread = await done.Task.WaitAsync(s_deadline, TestContext.Current.CancellationToken);
            Assert.False(ended && thread == _ender);
            await operation.VoidTask;
        }

        await ending.WaitAsync(s_deadline, TestContext.Current.CancellationToken);
        Assert.InRange(early, Rounds / 3, Rounds - (Rounds / 3));
        Assert.Equal(Rounds, early + late);

        void End()
        {
            _ender = Environment.CurrentManagedThreadId;
            for (int round = 0; round < Rounds; round++)
            {
                meeting.SignalAndWait(TestContext.Current.CancellationToken);
                if (round % 3 == 1)
                    Assert.True(SpinWait.SpinUntil(() => Volatile.Read(ref isAwaited), s_deadline));
                Thread.SpinWait(25);
                operation!.SetResult(new TransmitResult(1));
                ended = operation.TryCompleteUnawaited();
                Volatile.Write(ref hasEnded, true);
                meeting.SignalAndWait(TestContext.Current.CancellationToken);
            }
        }
    }

    private int _ender;
}
