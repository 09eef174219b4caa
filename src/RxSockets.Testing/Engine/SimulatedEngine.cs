using RxSockets.Buffers;
using RxSockets.Engines;
using RxSockets.Operations;

namespace RxSockets.Testing;

/// <summary>
/// An engine over a <see cref="SimulatedNetwork"/>: one host's port. Completions are events of the network's queue; they find their request by slot and generation.
/// Any thread; guarded by the network's lock, under which it never calls out.
/// </summary>
internal sealed class SimulatedEngine : CompletionEngine
{
    private readonly Queue<SimulatedSocket> _starved = new();
    private readonly Action<Exception> _unhandled;
    private long _heldUntil;

    public SimulatedEngine(SimulatedHost host, CompletionPortOptions options, Action<Exception> unhandled)
    {
        _unhandled = unhandled;
        Host = host;
        Options = options;
        Buffers = new BufferPool(options.ReceiveBufferSize, options.MaxReceiveBufferBytes);
        Buffers.BufferAvailable += OnBufferAvailable;
    }

    public SimulatedHost Host { get; }

    public SimulatedNetwork Network => Host.Network;

    public SimulationLoop Loop => Host.Network.Loop;

    public SimulatedFaults Faults => Host.Network.Options.Faults;

    public CompletionPortOptions Options { get; }

    public BufferPool Buffers { get; }

    /// <summary>Buffers of all datagram sockets so far that are not in their pools.</summary>
    public int RentedDatagramBuffers => DatagramBuffers.Sum(static pool => pool.Rented);

    /// <summary>The pool of each datagram socket. Guarded by the network's lock.</summary>
    public List<BufferPool> DatagramBuffers { get; } = [];

    public RequestTable Requests { get; } = new();

    /// <summary>Completions of a former life that were sent on purpose.</summary>
    public long GhostsSent { get; private set; }

    public bool IsShutDown { get; private set; }

    public override EngineKind Kind => EngineKind.Simulated;

    /// <summary>In place: everything that runs runs on the simulation's thread, or the trace would be another one each time.</summary>
    public override TaskCreationOptions Completions => Loop.IsLive ? TaskCreationOptions.RunContinuationsAsynchronously : TaskCreationOptions.None;

    public override EngineListener Listen(ListenRequest request, IListenerSink sink) => new SimulatedListener(this, request, sink);

    public override void StartConnect(ConnectRequest request, IConnectSink sink)
    {
        Statistics.Submitted(Verb.Connect);
        var attempt = new SimulatedConnect(this, request, sink);
        request.EngineState = attempt;
        attempt.Start();
    }

    public override void CancelConnect(ConnectRequest request) => (request.EngineState as SimulatedConnect)?.Cancel();

    public override EngineDatagramSocket BindDatagram(DatagramRequest request) => new SimulatedDatagramSocket(this, request);

    public override void Schedule(CompletionWork work) => Loop.Schedule(work, Options.Scheduling, _unhandled);

    public override ValueTask ShutDownAsync()
    {
        lock (Loop.Sync)
            IsShutDown = true;
        if (Loop.IsLive && Network.IsShutDown)
            Loop.EndLive();
        Buffers.BufferAvailable -= OnBufferAvailable;
        return ValueTask.CompletedTask;
    }

    /// <summary>Under the lock: begins a request.</summary>
    public Request Begin(string verb)
    {
        var request = new Request(verb);
        Requests.Add(request);
        return request;
    }

    /// <summary>Under the lock: has the request's next step happen, if none is on its way. The step runs outside of the lock.</summary>
    public void Step(Request request, Action step, long delay = 0)
    {
        if (request.IsStepping)
            return;
        request.NextStep = Loop.After(Math.Max(delay + Lateness(), _heldUntil - Loop.Now), () =>
        {
            lock (Loop.Sync)
            {
                if (Requests.Find(request.Slot, request.Generation) is null)
                {
                    Statistics.StaleCompletions++;
                    return;
                }

                request.NextStep = null;
            }

            step();
        });
    }

    /// <summary>Under the lock: the request is over. Perhaps its completion comes a second time.</summary>
    public void End(Request request)
    {
        Requests.Remove(request);
        // Asked for by another thread between the beginning of the last step and its lock: no completion of a former life.
        if (request.NextStep is { } next)
            next.IsCalledOff = true;
        if (!Loop.Random.Chance(Faults.StaleCompletion))
            return;
        GhostsSent++;
        Loop.After(Loop.Random.Below(2 * Faults.MaxLateness.Ticks), () => Haunt(request.Slot, request.Generation));
    }

    /// <summary>Under the lock: where a buffer is short, the socket hears when one comes back.</summary>
    public BufferLease? TryRent(SimulatedSocket socket)
    {
        if (Buffers.TryRent() is { } buffer)
            return buffer;
        Interlocked.Increment(ref Statistics.BufferStarvations);
        if (!socket.Receive.IsStarving)
            _starved.Enqueue(socket);
        socket.Receive.IsStarving = true;
        if (Buffers.Starve())
            WakeStarved();
        return null;
    }

    /// <summary>Under the lock: whoever was woken for a buffer took none.</summary>
    public void PassOn()
    {
        if (_starved.Count > 0 && Buffers.HasFree)
            WakeStarved();
    }

    private long Lateness()
    {
        if (Loop.Random.Chance(Faults.CompletionOverflow))
            _heldUntil = Loop.Now + Loop.Random.Below(Faults.MaxLateness.Ticks);
        return Loop.Random.Chance(Faults.LateCompletion) ? Loop.Random.Below(Faults.MaxLateness.Ticks) : 0;
    }

    private void Haunt(int slot, int generation)
    {
        Action? mistake = null;
        lock (Loop.Sync)
        {
            if (Requests.Find(slot, generation) is null && !(Network.Bug == PlantedBug.StaleSlot && Requests.Occupant(slot) is not null))
                Statistics.StaleCompletions++;
            else
                mistake = Requests.Occupant(slot)!.Mistake;
        }

        mistake?.Invoke();
    }

    private void OnBufferAvailable()
    {
        lock (Loop.Sync)
            WakeStarved();
    }

    // One buffer came back: one receive goes on.
    private void WakeStarved()
    {
        while (_starved.TryDequeue(out SimulatedSocket? socket))
        {
            socket.Receive.IsStarving = false;
            if (socket.Receive.IsIdle)
                continue;
            socket.IncomingMoved();
            return;
        }

        Buffers.Sated();
    }
}
