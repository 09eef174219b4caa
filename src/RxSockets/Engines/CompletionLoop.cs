using RxSockets.Operations;

namespace RxSockets.Engines;

/// <summary>
/// What the loops of the engines with threads of their own have in common: one thread, what other threads ask of it, and where the work runs that
/// its completions make ready. Each engine adds the wait in the kernel and the reaping (<see cref="Run"/>), and how a waiting thread is woken.
/// </summary>
internal abstract class CompletionLoop
{
    private readonly Action<Exception> _unhandled;
    private readonly Thread _thread;
    private readonly PoolDispatcher? _pool;
    private LoopNode? _posted;
    private CompletionWork? _postedWorks;
    private CompletionWork? _readyHead;
    private CompletionWork? _readyTail;
    private int _sleeping;
    private int _sockets;
    private int _wakers;
    private long _batch;
    private bool _ended;

    protected CompletionLoop(CompletionScheduling scheduling, Action<Exception> unhandled, string name)
    {
        _unhandled = unhandled;
        _pool = scheduling == CompletionScheduling.ThreadPool ? new PoolDispatcher(this, unhandled) : null;
        _thread = new Thread(Run) { IsBackground = true, Name = name };
    }

    /// <summary>Sockets that live here: the measure by which new ones are spread.</summary>
    public int Sockets => Volatile.Read(ref _sockets);

    public bool IsCurrent => Thread.CurrentThread == _thread;

    /// <summary>Counts batches of handlers, twice: odd while one runs.</summary>
    public long Batch => Volatile.Read(ref _batch);

    /// <summary>Set by the port once the engine is there; loops run before.</summary>
    public LoopMeasures? Measures { get; set; }

    public static bool IsInBatch(long batch) => (batch & 1) != 0;

    /// <summary>The thread waits in the kernel, or is about to.</summary>
    public bool IsSleeping => Volatile.Read(ref _sleeping) != 0;

    /// <summary>
    /// Whether to send directly costs less than to ask the loop: it waits in the kernel, and would be woken for this alone. A worker of the pool with more to run
    /// asks the loop for all that it sends together.
    /// </summary>
    public bool PrefersDirect => IsSleeping && Volatile.Read(ref _posted) is null && _pool is not { IsInBatch: true };

    /// <summary>Work is queued for the pool: the loop must look now and then whether it moves.</summary>
    protected bool PoolHasQueued => _pool is { HasQueued: true };

    /// <summary>Posted and ready things: with any of it there is something to do.</summary>
    protected bool HasWork => _readyHead is not null || Volatile.Read(ref _posted) is not null || Volatile.Read(ref _postedWorks) is not null;

    public void SocketAdded() => Interlocked.Increment(ref _sockets);

    public void SocketRemoved() => Interlocked.Decrement(ref _sockets);

    /// <summary>Asks a node for something. Any thread; runs later on the loop's, never inside this call.</summary>
    public void Post(LoopNode node, int command)
    {
        if (Interlocked.Or(ref node.Commands, command) != 0)
            return;
        LoopNode? head;
        do
        {
            head = Volatile.Read(ref _posted);
            node.NextPosted = head;
        }
        while (Interlocked.CompareExchange(ref _posted, node, head) != head);
        if (_pool is not { IsInBatch: true })
            WakeIfSleeping();
    }

    /// <summary>A worker of the pool begins to run what this loop handed over; on that worker's thread.</summary>
    public virtual void WorkerStarts()
    {
    }

    /// <summary>A worker of the pool comes to its end: what it posted on its way is to be done now.</summary>
    public void WakeForPosted()
    {
        if (Volatile.Read(ref _posted) is not null)
            WakeIfSleeping();
    }

    /// <summary>Runs work where this loop's completions run. Any thread; never inside this call.</summary>
    public void Schedule(CompletionWork work)
    {
        if (_pool is not null)
        {
            _pool.Add(work);
            // Where a worker runs already it may be one that blocks, and only an awake loop looks whether it moves.
            if (!IsCurrent && !_pool.Start())
                WakeIfSleeping();
            return;
        }

        if (IsCurrent)
        {
            Append(work);
            return;
        }

        CompletionWork? head;
        do
        {
            head = Volatile.Read(ref _postedWorks);
            work.NextWork = head;
        }
        while (Interlocked.CompareExchange(ref _postedWorks, work, head) != head);
        WakeIfSleeping();
        if (Volatile.Read(ref _ended))
            RunLate();
    }

    /// <summary>The thread's body, until the loop was stopped and nothing is left.</summary>
    protected abstract void Run();

    /// <summary>Ends the wait in the kernel. Any thread.</summary>
    protected abstract void Wake();

    protected void StartThread() => _thread.Start();

    /// <summary>
    /// The last word of the loop's thread, before it frees what <see cref="Wake"/> uses. Work that comes later, the end of a connection that is replayed to whoever
    /// asks, runs on the pool.
    /// </summary>
    protected void EndThread()
    {
        // Full fence: whoever has seen the flag set is counted by now, or finds it cleared and does not wake.
        Interlocked.Exchange(ref _sleeping, 0);
        var wait = default(SpinWait);
        while (Volatile.Read(ref _wakers) != 0)
            wait.SpinOnce();
        Volatile.Write(ref _ended, true);
        Interlocked.MemoryBarrier();
        RunLate();
    }

    /// <summary>True: nothing is to be done, the thread may wait; whoever asks for something from here on wakes it.</summary>
    protected bool TrySleep(ref bool stopping)
    {
        // What the posted things scheduled is on its way to the pool before this thread waits.
        if (_pool is { HasQueued: true } pool)
            pool.Start();
        if (HasWork)
            return false;
        // Full fence: whoever posts after our last look sees the flag and wakes us, or we see what was posted.
        Interlocked.Exchange(ref _sleeping, 1);
        return !HasWork && !Volatile.Read(ref stopping);
    }

    protected void Awake() => Volatile.Write(ref _sleeping, 0);

    /// <summary>After reaping: what was made ready is on its way to the pool, and another worker is if none moves.</summary>
    protected void HandToPool()
    {
        if (_pool is not { HasQueued: true } pool)
            return;
        pool.Start();
        pool.Check();
    }

    protected void ExecutePosted()
    {
        LoopNode? reversed = null;
        for (LoopNode? node = Interlocked.Exchange(ref _posted, null); node is not null;)
        {
            LoopNode? next = node.NextPosted;
            node.NextPosted = reversed;
            reversed = node;
            node = next;
        }

        while (reversed is not null)
        {
            LoopNode node = reversed;
            reversed = node.NextPosted;
            node.NextPosted = null;
            // From here on the node may be posted again.
            int commands = Interlocked.Exchange(ref node.Commands, 0);
            try
            {
                node.Execute(commands);
            }
            catch (Exception error)
            {
                Report(error);
            }
        }
    }

    /// <summary>The last resort around everything that a loop runs: what gets here is a defect, but it ends neither the loop nor the process.</summary>
    protected void Report(Exception error) => _unhandled(error);

    // One round's worth: what is made ready meanwhile runs in the next round, after the kernel was asked again, so that I/O goes on.
    protected void RunReady()
    {
        CompletionWork? posted = null;
        for (CompletionWork? work = Interlocked.Exchange(ref _postedWorks, null); work is not null;)
        {
            CompletionWork? next = work.NextWork;
            work.NextWork = posted;
            posted = work;
            work = next;
        }

        while (posted is not null)
        {
            CompletionWork? next = posted.NextWork;
            Append(posted);
            posted = next;
        }

        if (_readyHead is not null)
            RunBatch();

        // What the posted things scheduled is under way before this thread waits.
        if (_pool is { HasQueued: true })
            _pool.Start();
    }

    private void RunBatch()
    {
        CompletionWork? ready = _readyHead;
        _readyHead = _readyTail = null;
        LoopMeasures? timed = Measures is { IsTimed: true } measures ? measures : null;
        long began = timed is null ? 0 : TimeProvider.System.GetTimestamp();
        Volatile.Write(ref _batch, _batch + 1);
        while (ready is not null)
        {
            CompletionWork work = ready;
            ready = work.NextWork;
            work.NextWork = null;
            PoolDispatcher.RunWork(work, _unhandled);
        }

        Volatile.Write(ref _batch, _batch + 1);
        timed?.Ran(began);
    }

    private void RunLate()
    {
        for (CompletionWork? work = Interlocked.Exchange(ref _postedWorks, null); work is not null;)
        {
            CompletionWork late = work;
            work = late.NextWork;
            late.NextWork = null;
            ThreadPool.UnsafeQueueUserWorkItem(static pair => PoolDispatcher.RunWork(pair.Late, pair.Unhandled), (Late: late, Unhandled: _unhandled), preferLocal: false);
        }
    }

    private void Append(CompletionWork work)
    {
        work.NextWork = null;
        if (_readyTail is null)
            _readyHead = work;
        else
            _readyTail.NextWork = work;
        _readyTail = work;
    }

    private void WakeIfSleeping()
    {
        if (Volatile.Read(ref _sleeping) == 0)
            return;
        Interlocked.Increment(ref _wakers);
        if (Interlocked.Exchange(ref _sleeping, 0) != 0)
            Wake();
        Interlocked.Decrement(ref _wakers);
    }
}
