using System.Collections.Concurrent;
using System.Runtime.InteropServices;
using RxSockets.Buffers;
using RxSockets.Native.Windows;

namespace RxSockets.Engines.Iocp;

/// <summary>
/// One thread and its completion port. A connection belongs to one loop for life (a handle is bound to one port, once). Operations are started on
/// whatever thread asks: I/O of a handle that is bound to a port does not die with the thread that started it. Their completions are all reaped here,
/// since skip-on-success is not used: these calls practically always pend, and DisconnectEx can hang with it.
/// </summary>
internal sealed unsafe class IocpLoop : CompletionLoop
{
    private const int BatchEntries = 128;
    private const uint CancelAgainMilliseconds = 50;

    private readonly IocpEngine _engine;
    private readonly nint _port;
    private readonly OVERLAPPED_ENTRY* _entries;
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly ReceivePool _receives;
    private readonly ConcurrentDictionary<int, ReceivePool> _datagramReceives = new();
    private readonly ConcurrentQueue<ICancellable> _cancelled = new();
    private long _cancelledAt;
    private static long s_lastKey;
    private bool _stopping;

    public IocpLoop(IocpEngine engine, int index)
        : base(engine.Options.Scheduling, engine.Unhandled, $"RxSockets iocp {index}")
    {
        _engine = engine;
        int error = engine.Winsock.CreatePort(out _port);
        if (error != 0)
            throw new System.Net.Sockets.SocketException((int)WinsockErrors.FromCode(error), "A completion port could not be made.");
        _entries = (OVERLAPPED_ENTRY*)NativeMemory.AllocZeroed(BatchEntries, (nuint)sizeof(OVERLAPPED_ENTRY));
        _receives = new ReceivePool(this, engine.Options.ReceiveBufferSize, engine.Options.MaxReceiveBufferBytes);
    }

    public BufferPool Pool => _receives.Buffers;

    public OverlappedTable Overlappeds { get; } = new();

    public EngineStatistics Statistics => _engine.Statistics;

    public void Start() => StartThread();

    /// <summary>After every socket was closed. What is scheduled still runs.</summary>
    public Task StopAsync()
    {
        Volatile.Write(ref _stopping, true);
        Post(_receives, 1);
        return _ended.Task;
    }

    /// <summary>The loop never started.</summary>
    public void Discard() => Free();

    /// <summary>Has the completions of a handle come here. Returns 0 or an error; the key is new, and never used again.</summary>
    public int Associate(nint socket, out nuint key)
    {
        key = (nuint)Interlocked.Increment(ref s_lastKey);
        return _engine.Winsock.Associate(_port, socket, key);
    }

    /// <summary>A receive found no buffer: it goes on when one comes back. Any thread.</summary>
    public void Park(IocpReceive receive) => _receives.Park(receive);

    /// <summary>The buffers for datagrams of a size, and who waits for one; made when the first socket asks. Sizes are few (see DatagramLayout).</summary>
    public ReceivePool DatagramReceives(int bufferSize) => _datagramReceives.GetOrAdd(
        bufferSize, static (size, loop) => new ReceivePool(loop, size, loop._engine.Options.MaxReceiveBufferBytes), this);

    /// <summary>
    /// Has an operation that failed in the call told like every other, by a packet, in its turn behind those that wait in the port. Returns 0 or an error.
    /// </summary>
    public int PostFailure(nuint key, OVERLAPPED* overlapped) => _engine.Winsock.PostPacket(_port, IocpRequest.FailureBytes, key, overlapped);

    /// <summary>
    /// Asks again every 50 ms until it has ended. A cancel can miss an operation that is just being worked on and goes back to waiting (seen under Wine with
    /// TransmitFile); without another one its socket would never close. Any thread.
    /// </summary>
    public void WatchCancelled(ICancellable cancelled)
    {
        _cancelled.Enqueue(cancelled);
        Post(_receives, 1);
    }

    protected override void Run()
    {
        while (!Volatile.Read(ref _stopping) || HasWork || Overlappeds.InFlight > 0)
            Round();
        EndThread();
        Free();
        _ended.SetResult();
    }

    protected override void Wake() => _ = _engine.Winsock.PostWake(_port);

    private void Round()
    {
        ExecutePosted();
        RunReady();
        bool idle = TrySleep(ref _stopping);
        uint timeout = !idle ? 0
            : PoolHasQueued ? (uint)PoolDispatcher.CheckInterval.TotalMilliseconds
            : _cancelled.IsEmpty ? WindowsConstants.INFINITE : CancelAgainMilliseconds;
        Interlocked.Increment(ref Statistics.Enters);
        _ = _engine.Winsock.Wait(_port, _entries, BatchEntries, timeout, out uint removed);
        Awake();
        for (uint i = 0; i < removed; i++)
            Reap(ref _entries[i]);
        Measures?.Reaped((int)removed);
        CancelAgain();
        HandToPool();
    }

    private void Reap(ref OVERLAPPED_ENTRY entry)
    {
        var block = (OverlappedBlock*)entry.lpOverlapped;
        if (block is null)
        {
            Statistics.Completed(Verb.Wake);
            return;
        }

        if (Overlappeds.Find(block, entry.lpCompletionKey) is not { } request)
        {
            Interlocked.Increment(ref Statistics.StaleCompletions);
            return;
        }

        if (!request.IsEnd(entry.dwNumberOfBytesTransferred))
            return;

        // Documented to hold the status; the entry's own Internal is "reserved".
        uint status = (uint)block->Overlapped.Internal;
        Overlappeds.End(block);
        try
        {
            request.OnCompletion(status, entry.dwNumberOfBytesTransferred);
        }
        catch (Exception error)
        {
            Report(error);
        }
    }

    private void CancelAgain()
    {
        if (_cancelled.IsEmpty || TimeProvider.System.GetElapsedTime(_cancelledAt).TotalMilliseconds < CancelAgainMilliseconds)
            return;
        _cancelledAt = TimeProvider.System.GetTimestamp();
        for (int count = _cancelled.Count; count > 0 && _cancelled.TryDequeue(out ICancellable? cancelled); count--)
        {
            if (cancelled.CancelAgain())
                _cancelled.Enqueue(cancelled);
        }
    }

    // Stop intake (the port did), drain (the rounds did), close the port, and only then free what the kernel could still have written to.
    private void Free()
    {
        _engine.Winsock.ClosePort(_port);
        Overlappeds.Dispose();
        NativeMemory.Free(_entries);
    }
}
