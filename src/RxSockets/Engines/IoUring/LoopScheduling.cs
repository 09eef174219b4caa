using RxSockets.Native.Linux;
using static RxSockets.Native.Linux.LinuxConstants;

namespace RxSockets.Engines.IoUring;

/// <summary>
/// SCHED_BATCH (sched(7)) for a loop whose handlers run on the pool: a thread that is woken then does not preempt the one that woke it. Where the two share a core, a loop that
/// came at once ran against the lock that its waker still held, and found one thing to do instead of a batch: docs/decisions/0005. On a core of its own it starts at once all the same.
/// Neither its priority nor its share of the core changes. Needs no privilege; a policy that somebody chose, and musl, which refuses, are left as they are.
/// </summary>
internal static unsafe class LoopScheduling
{
    [ThreadStatic]
    private static bool t_isChecked;

    /// <summary>The calling thread is a loop's.</summary>
    public static void Enter() => Change(SCHED_OTHER, SCHED_BATCH);

    /// <summary>
    /// The calling thread is a worker of the pool's: one that a loop's thread happened to start gives the policy back, once. CoreCLR starts its threads under the ordinary one
    /// whoever asks (seen); by default pthread_create(3) lets them inherit.
    /// </summary>
    public static void Leave()
    {
        if (t_isChecked)
            return;
        t_isChecked = true;
        Change(SCHED_BATCH, SCHED_OTHER);
    }

    private static void Change(int from, int to)
    {
        int priority = 0;
        if (Libc.sched_getscheduler(0) == from)
            _ = Libc.sched_setscheduler(0, to, &priority);
    }
}
