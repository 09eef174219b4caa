using RxSockets.Diagnostics;

namespace RxSockets.Tests.Diagnostics;

public sealed class PeriodicThreadTests
{
    private static readonly TimeSpan s_deadline = TimeSpan.FromSeconds(20);

    [Fact]
    public void It_runs_on_a_thread_of_its_own_until_it_is_disposed_of_which_a_run_may_do()
    {
        int runs = 0;
        Thread? ran = null;
        (string? Name, bool IsBackground, bool IsThreadPoolThread) seen = default;
        PeriodicThread? thread = null;
        using var made = new ManualResetEventSlim();
        thread = new PeriodicThread("of its own", TimeSpan.FromMilliseconds(1), () =>
        {
            made.Wait(s_deadline);
            var own = Thread.CurrentThread;
            seen = (own.Name, own.IsBackground, own.IsThreadPoolThread);
            if (++runs == 4)
                thread!.Dispose();
            Volatile.Write(ref ran, own);
        });
        made.Set();
        Assert.True(SpinWait.SpinUntil(() => Volatile.Read(ref ran) is not null, s_deadline));
        Assert.True(ran!.Join(s_deadline), "It goes on after its disposal.");
        Assert.Equal(4, runs);
        Assert.Equal(("of its own", true, false), seen);
    }
}
