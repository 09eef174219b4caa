using RxSockets.Engines;
using RxSockets.Operations;

namespace RxSockets.Testing;

/// <content>
/// A simulation that runs by itself, on the system's clock and a thread of its own, for callers on any thread: so that cases written for real engines run on this one.
/// The order is then the threads' and no seed's.
/// </content>
internal sealed partial class SimulationLoop
{
    private long _liveSince;
    private bool _liveEnded;

    public bool IsLive { get; private set; }

    private long LiveNow => TimeProvider.System.GetElapsedTime(_liveSince).Ticks;

    /// <summary>Before anything happens.</summary>
    public void GoLive()
    {
        _liveSince = TimeProvider.System.GetTimestamp();
        IsLive = true;
        _thread = new Thread(RunLive) { IsBackground = true, Name = "simulation" };
        using (ExecutionContext.SuppressFlow())
            _thread.Start();
    }

    public void EndLive()
    {
        Volatile.Write(ref _liveEnded, true);
        _woken.Set();
    }

    private bool TryRunOnPool(CompletionWork work, CompletionScheduling scheduling, Action<Exception> unhandled)
    {
        if (scheduling == CompletionScheduling.Inline && !Volatile.Read(ref _liveEnded))
            return false;
        ThreadPool.UnsafeQueueUserWorkItem(static item => PoolDispatcher.RunWork(item.Work, item.Unhandled), (Work: work, Unhandled: unhandled), preferLocal: false);
        return true;
    }

    private void RunLive()
    {
        while (true)
        {
            Volatile.Write(ref _now, LiveNow);
            if (Step())
                continue;
            if (Volatile.Read(ref _liveEnded))
                return;
            long? next;
            lock (Sync)
                next = _events.NextTime;
            _woken.WaitOne(next is { } due ? TimeSpan.FromMilliseconds(Math.Ceiling(TimeSpan.FromTicks(Math.Clamp(due - LiveNow, 0, TimeSpan.TicksPerHour)).TotalMilliseconds)) : Timeout.InfiniteTimeSpan);
        }
    }
}
