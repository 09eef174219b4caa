using RxSockets.Operations;

namespace RxSockets.Engines.IoUring;

/// <summary>The engine over io_uring: direct system calls, one ring per loop thread. Thread-safe.</summary>
internal sealed class IoUringEngine : CompletionEngine
{
    private readonly IoUringLoop[] _loops;

    private IoUringEngine(CompletionPortOptions options, Action<Exception> unhandled, IRingSystem? system)
    {
        Options = options;
        Unhandled = unhandled;
        _loops = new IoUringLoop[options.Loops];
        for (int i = 0; i < _loops.Length; i++)
        {
            try
            {
                _loops[i] = new IoUringLoop(this, i, system);
            }
            catch (RingRefusedException)
            {
                foreach (IoUringLoop made in _loops.AsSpan(0, i))
                    made.DisposeUnstarted();
                throw;
            }
        }
    }

    public CompletionPortOptions Options { get; }

    public Action<Exception> Unhandled { get; }

    /// <summary>Who sends files that are not in memory.</summary>
    public FileWorkers FileWorkers { get; } = new();

    public override EngineKind Kind => EngineKind.IoUring;

    /// <summary>Null where io_uring works; else a sentence that says why not.</summary>
    public static string? Probe(CompletionPortOptions options, IRingSystem? system = null) => RingProbe.Run(options, system);

    /// <summary>
    /// Null, with the reason, where the kernel refuses: also one that let the probe's ring pass (several loops may need more memory than may be locked).
    /// </summary>
    public static IoUringEngine? TryCreate(CompletionPortOptions options, Action<Exception> unhandled, out string? refusal, IRingSystem? system = null)
    {
        refusal = Probe(options, system);
        if (refusal is not null)
            return null;
        try
        {
            var engine = new IoUringEngine(options, unhandled, system);
            engine.Start();
            return engine;
        }
        catch (RingRefusedException refused)
        {
            refusal = refused.Message;
            return null;
        }
    }

    // The loops enable their rings on their own threads; that takes a moment and cannot wait for anything else.
    private void Start()
    {
        try
        {
            Task.WhenAll(_loops.Select(static loop => loop.StartAsync())).GetAwaiter().GetResult();
        }
        catch (RingRefusedException)
        {
            // A loop that could not start has freed what is its own.
            Task.WhenAll(_loops.Where(static loop => loop.IsRunning).Select(static loop => loop.StopAsync())).GetAwaiter().GetResult();
            throw;
        }
    }

    /// <summary>Buffers of the streams' receive pools that somebody holds or the kernel is offered.</summary>
    public int RentedBuffers => _loops.Sum(static loop => loop.Buffers.Pool.Rented);

    /// <summary>Slots of the request tables that are taken; exact only while the loops rest.</summary>
    public int RequestsInFlight => _loops.Sum(static loop => loop.Requests.Count);

    /// <summary>Memory of the streams' receive buffers made so far.</summary>
    public long BufferBytesMade => _loops.Sum(static loop => loop.Buffers.Pool.BytesMade);

    public override IReadOnlyList<CompletionLoop> Loops => _loops;

    public override EngineListener Listen(ListenRequest request, IListenerSink sink) => new IoUringListener(this, _loops[0], request, sink);

    public override void StartConnect(ConnectRequest request, IConnectSink sink)
    {
        IoUringLoop loop = LeastLoaded();
        var connect = new IoUringConnect(this, loop, request, sink);
        request.EngineState = connect;
        loop.Post(connect, IoUringConnect.StartCommand);
    }

    public override void CancelConnect(ConnectRequest request) => (request.EngineState as IoUringConnect)?.Cancel();

    public override EngineDatagramSocket BindDatagram(DatagramRequest request) => new IoUringDatagramSocket(LeastLoaded(), request);

    public override void Schedule(CompletionWork work) => _loops[0].Schedule(work);

    public override async ValueTask ShutDownAsync()
    {
        foreach (IoUringLoop loop in _loops)
            await loop.StopAsync().ConfigureAwait(false);
        FileWorkers.Stop();
    }

    public IoUringLoop LeastLoaded()
    {
        IoUringLoop best = _loops[0];
        for (int i = 1; i < _loops.Length; i++)
        {
            if (_loops[i].Sockets < best.Sockets)
                best = _loops[i];
        }

        return best;
    }
}
