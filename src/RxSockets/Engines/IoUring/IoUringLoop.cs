using System.Numerics;
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
    private const int LeastDatagramBuffers = 16;
    private const int MaxOfferedDatagramBytes = 4 << 20;

    private readonly IoUringEngine _engine;
    private readonly Ring _ring;
    private readonly ReceiveBuffers _buffers;
    private readonly Dictionary<int, ReceiveBuffers> _datagramBuffers = [];
    private readonly Thread _thread;
    private readonly TaskCompletionSource _started = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly PoolDispatcher? _pool;
    private readonly LoopWakeup _wakeup;
    private readonly WakeNode _wake = new();
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
            _buffers = new ReceiveBuffers(this, _ring, group: 0, options.ReceiveBufferSize, options.ReceiveBuffers, options.MaxReceiveBufferBytes);
        }
        catch
        {
            _ring.Dispose();
            throw;
        }

        _pool = options.Scheduling == CompletionScheduling.ThreadPool ? new PoolDispatcher(engine.Unhandled) : null;
        _wakeup = MakeWakeup();
        _thread = new Thread(Run) { IsBackground = true, Name = $"RxSockets io_uring {index}" };
    }

    /// <summary>The buffers of stream sockets.</summary>
    public ReceiveBuffers Buffers => _buffers;

    public Ring Ring => _ring;

    public RequestTable Requests { get; } = new();

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
        Post(_wake, 1);
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

    /// <summary>
    /// On the loop's thread: the buffers for datagrams of a size, made when the first socket asks. Sizes are few (see DatagramLayout), and so are the rings.
    /// </summary>
    public ReceiveBuffers DatagramBuffers(int bufferSize)
    {
        if (_datagramBuffers.TryGetValue(bufferSize, out ReceiveBuffers? buffers))
            return buffers;
        CompletionPortOptions options = _engine.Options;
        int fitting = (int)BitOperations.RoundUpToPowerOf2((uint)Math.Max(LeastDatagramBuffers, MaxOfferedDatagramBytes / bufferSize));
        var group = (ushort)(_datagramBuffers.Count + 1);
        buffers = new ReceiveBuffers(this, _ring, group, bufferSize, Math.Min(fitting, options.ReceiveBuffers), options.MaxReceiveBufferBytes);
        buffers.Fill();
        _datagramBuffers.Add(bufferSize, buffers);
        return buffers;
    }

    private void Run()
    {
        try
        {
            _ring.Enable();
            _buffers.Fill();
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
        foreach (ReceiveBuffers buffers in _datagramBuffers.Values)
            buffers.Dispose();
        _wakeup.Dispose();
    }

    /// <summary>Asks for nothing but a round.</summary>
    private sealed class WakeNode : LoopNode
    {
        public override void Execute(int commands)
        {
        }
    }
}
