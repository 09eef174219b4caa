using RxSockets.Buffers;
using RxSockets.Native.Linux;
using RxSockets.Operations;
using static RxSockets.Native.Linux.IoUringAbi;

namespace RxSockets.Engines.IoUring;

/// <summary>
/// One thread and its ring. Every connection belongs to one loop for life. Each round: do what other threads asked, run what is ready, submit and
/// wait in one call, reap all completions into bookkeeping, then hand on what they made ready.
/// </summary>
internal sealed unsafe class IoUringLoop
{
    private const ulong IgnoredUserData = ulong.MaxValue;
    private const int AcceptGapMilliseconds = 5;

    private readonly IoUringEngine _engine;
    private readonly Ring _ring;
    private readonly BufferRing _buffers;
    private readonly Thread _thread;
    private readonly TaskCompletionSource _started = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly PoolDispatcher? _pool;
    private readonly Queue<IoUringSocket> _parked = new();
    private readonly LoopWakeup _wakeup;
    private readonly RefillNode _refill;
    private LoopNode? _posted;
    private CompletionWork? _postedWorks;
    private CompletionWork? _readyHead;
    private CompletionWork? _readyTail;
    private int _sleeping;
    private int _sockets;
    private volatile bool _stopping;

    public IoUringLoop(IoUringEngine engine, int index, IRingSystem? system)
    {
        _engine = engine;
        CompletionPortOptions options = engine.Options;
        _ring = new Ring((uint)options.SubmissionEntries, (uint)options.CompletionEntries, engine.Statistics, system);
        try
        {
            _buffers = new BufferRing(_ring, group: 0, options.ReceiveBuffers);
        }
        catch
        {
            _ring.Dispose();
            throw;
        }

        Pool = new BufferPool(options.ReceiveBufferSize, options.MaxReceiveBufferBytes);
        _refill = new RefillNode(this);
        Pool.BufferAvailable += () => Post(_refill, 1);
        _pool = options.Scheduling == CompletionScheduling.ThreadPool ? new PoolDispatcher(engine.Unhandled) : null;
        _wakeup = MakeWakeup();
        _thread = new Thread(Run) { IsBackground = true, Name = $"RxSockets io_uring {index}" };
    }

    public BufferPool Pool { get; }

    public Ring Ring => _ring;

    public RequestTable Requests { get; } = new();

    public ushort BufferGroup => _buffers.Group;

    public EngineStatistics Statistics => _engine.Statistics;

    public FileWorkers FileWorkers => _engine.FileWorkers;

    /// <summary>Sockets that live here: the measure by which new ones are spread.</summary>
    public int Sockets => Volatile.Read(ref _sockets);

    public bool IsCurrent => Thread.CurrentThread == _thread;

    /// <summary>The thread waits in the kernel, or is about to.</summary>
    public bool IsSleeping => Volatile.Read(ref _sleeping) != 0;

    /// <summary>When completions were reaped last: what came with this reap came after that.</summary>
    public long LastReap { get; private set; }

    /// <summary>More than a moment went by between the last two reaps.</summary>
    public bool WasBusy { get; private set; }

    public Task StartAsync()
    {
        _thread.Start();
        return _started.Task;
    }

    /// <summary>It was started, and its ring is enabled.</summary>
    public bool IsRunning => _started.Task.IsCompletedSuccessfully;

    /// <summary>For a loop that will not be started: frees what it holds.</summary>
    public void DisposeUnstarted() => Free();

    /// <summary>After every socket was closed. What is scheduled still runs.</summary>
    public Task StopAsync()
    {
        _stopping = true;
        Post(_refill, 1);
        return _ended.Task;
    }

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
        WakeIfSleeping();
    }

    /// <summary>Runs work where this loop's completions run. Any thread; never inside this call.</summary>
    public void Schedule(CompletionWork work)
    {
        if (_pool is not null)
        {
            _pool.Add(work);
            if (!IsCurrent)
                _pool.Start();
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
    }

    /// <summary>On the loop's thread: an entry whose completion goes to <paramref name="request"/>.</summary>
    public io_uring_sqe* Prepare(IoUringRequest request, byte opcode, int fd)
    {
        if (!request.IsRegistered)
            Requests.Add(request);
        io_uring_sqe* entry = _ring.Next();
        entry->opcode = opcode;
        entry->fd = fd;
        entry->user_data = request.UserData;
        return entry;
    }

    /// <summary>On the loop's thread: asks the kernel to end a request. What comes of it is that request's own completion.</summary>
    public void Cancel(IoUringRequest request)
    {
        Statistics.Submitted(Verb.Cancel);
        io_uring_sqe* entry = _ring.Next();
        entry->opcode = IORING_OP_ASYNC_CANCEL;
        entry->fd = -1;
        entry->addr = request.UserData;
        entry->user_data = IgnoredUserData;
    }

    /// <summary>The buffer that a completion brought; its place is filled with another one at once.</summary>
    public BufferLease TakeBuffer(uint flags)
    {
        BufferLease buffer = _buffers.Take(flags);
        _buffers.Refill(Pool);
        return buffer;
    }

    /// <summary>A receive found no buffer: it goes on when one comes back, not before (a naive re-arm would spin).</summary>
    public void Park(IoUringSocket socket)
    {
        Interlocked.Increment(ref Statistics.BufferStarvations);
        _parked.Enqueue(socket);
        // Buffers may have come back between the kernel's look and ours.
        if (_buffers.Refill(Pool) > 0 || _buffers.Offered > 0)
            Post(_refill, 1);
    }

    private void Run()
    {
        try
        {
            _ring.Enable();
            _buffers.Refill(Pool);
            _wakeup.Arm();
            _started.SetResult();
        }
        catch (Exception error)
        {
            _started.SetException(error);
            Free();
            return;
        }

        while (!_stopping || HasWork || Requests.Count > 1)
            Round();
        Free();
        _ended.SetResult();
    }

    // Parked and posted things, what is ready, and what the pool has not run: with any of it there is something to do.
    private bool HasWork => _readyHead is not null || Volatile.Read(ref _posted) is not null || Volatile.Read(ref _postedWorks) is not null;

    private void Round()
    {
        ExecutePosted();
        RunReady();
        // What the posted things scheduled is under way before this thread waits.
        if (_pool is { HasQueued: true })
            _pool.Start();
        bool idle = !HasWork;
        if (idle)
        {
            // Full fence: whoever posts after our last look sees the flag and wakes us, or we see what was posted.
            Interlocked.Exchange(ref _sleeping, 1);
            idle = !HasWork && !_stopping;
        }

        long timeout = idle && _pool is { HasQueued: true } ? PoolDispatcher.CheckInterval.Ticks * 100 : -1;
        _ring.Enter(idle ? 1u : 0u, timeout);
        Volatile.Write(ref _sleeping, 0);
        Reap();
        if (_pool is null)
            return;
        if (_pool.HasQueued)
        {
            _pool.Start();
            _pool.Check();
        }
    }

    private void Reap()
    {
        long now = _engine.Options.TimeProvider.GetTimestamp();
        WasBusy = _engine.Options.TimeProvider.GetElapsedTime(LastReap, now).TotalMilliseconds > AcceptGapMilliseconds;
        while (_ring.TryReap(out io_uring_cqe completion))
        {
            if (completion.user_data == IgnoredUserData)
                Statistics.Completed(Verb.Cancel);
            else if (Requests.Find(completion.user_data) is { } request)
                request.OnCompletion(completion.res, completion.flags);
            else
                Interlocked.Increment(ref Statistics.StaleCompletions);
        }

        LastReap = now;
    }

    private void ExecutePosted()
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
            node.Execute(Interlocked.Exchange(ref node.Commands, 0));
        }
    }

    // One round's worth: what is made ready meanwhile runs in the next round, after the ring was entered, so that I/O goes on.
    private void RunReady()
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

        CompletionWork? ready = _readyHead;
        _readyHead = _readyTail = null;
        while (ready is not null)
        {
            CompletionWork work = ready;
            ready = work.NextWork;
            work.NextWork = null;
            PoolDispatcher.RunWork(work, _engine.Unhandled);
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
        if (Volatile.Read(ref _sleeping) != 0 && Interlocked.Exchange(ref _sleeping, 0) != 0)
            _wakeup.Wake();
    }

    private LoopWakeup MakeWakeup()
    {
        try
        {
            return new LoopWakeup(this);
        }
        catch
        {
            _ring.Dispose();
            _buffers.Dispose();
            throw;
        }
    }

    // Stop intake (the port did), drain (the rounds did), close the ring, and only then free what the kernel could still have written to.
    private void Free()
    {
        _ring.Dispose();
        _buffers.Dispose();
        _wakeup.Dispose();
    }

    // As many as there are buffers, and in the next round again: an armed receive holds no buffer until data comes, so with buffers on offer nobody
    // may stay parked; and all at once would fail, and be parked again, for every single buffer that comes back.
    private void Unpark()
    {
        _buffers.Refill(Pool);
        if (_buffers.IsFull)
            Pool.Sated();
        for (int left = _buffers.Offered; left > 0 && _parked.TryDequeue(out IoUringSocket? socket);)
        {
            if (socket.Unpark())
                left--;
        }

        if (_parked.Count > 0 && _buffers.Offered > 0)
            Post(_refill, 1);
    }

    private sealed class RefillNode(IoUringLoop loop) : LoopNode
    {
        public override void Execute(int commands) => loop.Unpark();
    }
}
