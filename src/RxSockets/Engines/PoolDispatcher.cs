using System.Collections.Concurrent;
using RxSockets.Operations;

namespace RxSockets.Engines;

/// <summary>
/// Hands a loop's completions to the thread pool in batches: one worker runs what is queued, one by one. A worker whose handler blocks makes no
/// progress; the loop sees that within a millisecond and starts another, so a handler holds up nobody but itself. Thread-safe.
/// </summary>
internal sealed class PoolDispatcher(CompletionLoop loop, Action<Exception> unhandled) : IThreadPoolWorkItem
{
    /// <summary>How often a loop with queued work looks whether it moves.</summary>
    public static readonly TimeSpan CheckInterval = TimeSpan.FromMilliseconds(1);

    [ThreadStatic]
    private static PoolDispatcher? s_running;

    private readonly ConcurrentQueue<CompletionWork> _queue = new();
    private int _workers;
    private int _onTheWay;
    private long _run;
    private long _runAtLastCheck;
    private long _lastCheck;

    public bool HasQueued => !_queue.IsEmpty;

    /// <summary>
    /// The caller is a worker of this with more to run: it comes to its end, where it wakes the loop. Should it block before, the loop, which looks after queued work
    /// every millisecond, is awake in time.
    /// </summary>
    public bool IsInBatch => s_running == this && !_queue.IsEmpty;

    public void Add(CompletionWork work) => _queue.Enqueue(work);

    /// <summary>After adding: at least one worker is there or on its way. True when it was started by this call.</summary>
    public bool Start()
    {
        if (Volatile.Read(ref _workers) != 0 || Interlocked.CompareExchange(ref _workers, 1, 0) != 0)
            return false;
        QueueWorker();
        return true;
    }

    /// <summary>On the loop's thread, while work is queued: another worker if nothing moved since the last look.</summary>
    public void Check()
    {
        if (_queue.IsEmpty || TimeProvider.System.GetElapsedTime(_lastCheck) < CheckInterval)
            return;
        _lastCheck = TimeProvider.System.GetTimestamp();
        long run = Volatile.Read(ref _run);
        if (run == _runAtLastCheck && Volatile.Read(ref _onTheWay) == 0)
        {
            Interlocked.Increment(ref _workers);
            QueueWorker();
        }

        _runAtLastCheck = run;
    }

    void IThreadPoolWorkItem.Execute()
    {
        Interlocked.Decrement(ref _onTheWay);
        s_running = this;
        loop.WorkerStarts();
        do
        {
            while (_queue.TryDequeue(out CompletionWork? work))
            {
                RunWork(work, unhandled);
                Interlocked.Increment(ref _run);
            }

            loop.WakeForPosted();
            // Whoever adds between our last look and this step sees no worker and starts one, or we see its work: both sides fence.
            Interlocked.Decrement(ref _workers);
        }
        while (!_queue.IsEmpty && TryReturn());
        s_running = null;
    }

    public static void RunWork(CompletionWork work, Action<Exception> unhandled)
    {
        try
        {
            work.Run();
        }
        catch (Exception error)
        {
            unhandled(error);
        }
    }

    private bool TryReturn()
    {
        Interlocked.Increment(ref _workers);
        return true;
    }

    private void QueueWorker()
    {
        Interlocked.Increment(ref _onTheWay);
        ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
    }
}
