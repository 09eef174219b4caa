using System.Numerics;
using RxSockets.Native.Linux;
using static RxSockets.Native.Linux.IoUringAbi;

namespace RxSockets.Engines.IoUring;

/// <summary>
/// One thread and its ring. Every connection belongs to one loop for life. Each round: do what other threads asked, run what is ready, submit and
/// wait in one call, reap all completions into bookkeeping, then hand on what they made ready.
/// </summary>
internal sealed unsafe class IoUringLoop : CompletionLoop
{
    private const ulong IgnoredUserData = ulong.MaxValue;
    private const int AcceptGapMilliseconds = 5;
    private const int LeastDatagramBuffers = 16;
    private const int MaxOfferedDatagramBytes = 4 << 20;
    private const int MaxBundleBytes = 64 << 10;

    private static readonly TimeSpan s_longestSpin = TimeSpan.FromMicroseconds(100);

    private readonly IoUringEngine _engine;
    private readonly Ring _ring;
    private readonly ReceiveBuffers _buffers;
    private readonly Dictionary<int, ReceiveBuffers> _datagramBuffers = [];
    private readonly TaskCompletionSource _started = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly LoopWakeup _wakeup;
    private readonly WakeNode _wake = new();
    private readonly List<IoUringSocket> _due = [];
    private readonly AdaptiveSpin? _spin;
    private bool _stopping;

    public IoUringLoop(IoUringEngine engine, int index, IRingSystem? system)
        : base(engine.Options.Scheduling, engine.Unhandled, $"RxSockets io_uring {index}")
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

        int bundled = Math.Min(MaxBundleBytes, options.ReceiveLimit) / options.ReceiveBufferSize;
        if (_ring.Bundles && bundled > 1)
            BundleBytes = bundled * options.ReceiveBufferSize;
        _wakeup = MakeWakeup();
        // With handlers on the pool it did not show, but in the CPU it took: docs/decisions/0003.
        if (options.Scheduling == CompletionScheduling.Inline)
            _spin = new AdaptiveSpin(s_longestSpin);
    }

    /// <summary>Most that one receive of a stream socket brings, in several buffers; 0 where one receive fills one buffer.</summary>
    public int BundleBytes { get; }

    /// <summary>The buffers of stream sockets.</summary>
    public ReceiveBuffers Buffers => _buffers;

    public Ring Ring => _ring;

    public RequestTable Requests { get; } = new();

    public EngineStatistics Statistics => _engine.Statistics;

    public FileWorkers FileWorkers => _engine.FileWorkers;

    /// <summary>When completions were reaped last: what came with this reap came after that.</summary>
    public long LastReap { get; private set; }

    /// <summary>More than a moment went by between the last two reaps.</summary>
    public bool WasBusy { get; private set; }

    public Task StartAsync()
    {
        StartThread();
        return _started.Task;
    }

    /// <summary>It was started, and its ring is enabled.</summary>
    public bool IsRunning => _started.Task.IsCompletedSuccessfully;

    /// <summary>For a loop that will not be started: frees what it holds.</summary>
    public void DisposeUnstarted() => Free();

    /// <summary>After every socket was closed. What is scheduled still runs.</summary>
    public Task StopAsync()
    {
        Volatile.Write(ref _stopping, true);
        Post(_wake, 1);
        return _ended.Task;
    }

    /// <summary>On the loop's thread: the socket sends before the kernel is asked next, behind all handlers of this round.</summary>
    public void AddDue(IoUringSocket socket) => _due.Add(socket);

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

    protected override void Run()
    {
        try
        {
            _ring.Enable();
            _buffers.Fill();
            _wakeup.Arm();
            if (_engine.Options.Scheduling == CompletionScheduling.ThreadPool)
                LoopScheduling.Enter();
            _started.SetResult();
        }
        catch (Exception error)
        {
            _started.SetException(error);
            Free();
            return;
        }

        while (!Volatile.Read(ref _stopping) || HasWork || Requests.Count > 1)
            Round();
        EndThread();
        Free();
        _ended.SetResult();
    }

    public override void WorkerStarts() => LoopScheduling.Leave();

    protected override void Wake() => _wakeup.Wake();

    private void Round()
    {
        ExecutePosted();
        RunReady();
        SendDue();
        if (_spin is { IsWorthwhile: true } spin && Sockets <= AdaptiveSpin.FewSockets && Look(spin))
        {
            _ring.Enter(minComplete: 0, timeoutNanoseconds: -1);
        }
        else
        {
            bool idle = TrySleep(ref _stopping);
            long timeout = idle && PoolHasQueued ? PoolDispatcher.CheckInterval.Ticks * 100 : -1;
            long began = _spin is null ? 0 : TimeProvider.System.GetTimestamp();
            _ring.Enter(idle ? 1u : 0u, timeout);
            Awake();
            if (idle)
                _spin?.Waited(TimeProvider.System.GetTimestamp() - began);
        }

        Reap();
        HandToPool();
    }

    private void SendDue()
    {
        foreach (IoUringSocket socket in _due)
        {
            try
            {
                socket.SendDue();
            }
            catch (Exception error)
            {
                Report(error);
            }
        }

        _due.Clear();
    }

    // Looks for something to do for a moment, without waiting in the kernel.
    private bool Look(AdaptiveSpin spin)
    {
        if (_ring.Queued > 0)
            _ring.Enter(minComplete: 0, timeoutNanoseconds: -1);
        long end = TimeProvider.System.GetTimestamp() + spin.LongestTicks;
        bool found;
        while (!(found = _ring.HasNews || HasWork) && TimeProvider.System.GetTimestamp() < end)
            Thread.SpinWait(4);
        spin.Looked(found);
        return found;
    }

    private void Reap()
    {
        long now = _engine.Options.TimeProvider.GetTimestamp();
        WasBusy = _engine.Options.TimeProvider.GetElapsedTime(LastReap, now).TotalMilliseconds > AcceptGapMilliseconds;
        int reaped = 0;
        while (_ring.TryReap(out io_uring_cqe completion))
        {
            reaped++;
            if (completion.user_data == IgnoredUserData)
                Statistics.Completed(Verb.Cancel);
            else if (Requests.Find(completion.user_data) is { } request)
                Complete(request, completion);
            else
                Interlocked.Increment(ref Statistics.StaleCompletions);
        }

        LastReap = now;
        Measures?.Reaped(reaped);
    }

    private void Complete(IoUringRequest request, in io_uring_cqe completion)
    {
        try
        {
            request.OnCompletion(completion.res, completion.flags);
        }
        catch (Exception error)
        {
            Report(error);
        }
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
