namespace RxSockets.Diagnostics;

/// <summary>
/// Runs something small again and again on a thread of its own, from one period after the start until disposal. A timer would run it on the thread pool, which a process
/// whose handlers run on the loops has no other use for: docs/decisions/0007-inline-stays-off-the-pool.md.
/// </summary>
internal sealed class PeriodicThread : IDisposable
{
    // Never disposed: it has no handle as long as nobody asks for one.
    private readonly ManualResetEventSlim _ended = new(initialState: false, spinCount: 0);
    private readonly TimeSpan _period;
    private readonly Action _run;

    /// <param name="name">Of the thread.</param>
    /// <param name="period">Between two runs; real time.</param>
    /// <param name="run">Must not throw: an exception ends the process.</param>
    public PeriodicThread(string name, TimeSpan period, Action run)
    {
        _period = period;
        _run = run;
        new Thread(Run) { IsBackground = true, Name = name }.UnsafeStart();
    }

    /// <summary>Does not wait for a run that is under way, so the thread itself may call it.</summary>
    public void Dispose() => _ended.Set();

    private void Run()
    {
        while (!_ended.Wait(_period))
            _run();
    }
}
