using System.Collections.Concurrent;
using RxSockets.Operations;

namespace RxSockets.Engines.Managed;

/// <summary>
/// The engine over System.Net.Sockets: everywhere .NET runs. It has no threads of its own; completions come on the threads of
/// System.Net.Sockets (pool threads, unless DOTNET_SYSTEM_NET_SOCKETS_INLINE_COMPLETIONS is set).
/// Weaker than the others: no accept with first data, no vectored send in one call (pieces leave one by one), connect with first data is
/// connect, then send; a single receive or send cannot be cancelled, only ended with its socket.
/// </summary>
internal sealed class ManagedEngine : CompletionEngine, IThreadPoolWorkItem
{
    private readonly ConcurrentQueue<CompletionWork> _works = new();
    private readonly ConcurrentDictionary<int, ManagedBuffers> _datagramBuffers = new();
    private readonly Action<Exception> _unhandled;

    public ManagedEngine(CompletionPortOptions options, Action<Exception> unhandled)
    {
        Options = options;
        _unhandled = unhandled;
        Buffers = new ManagedBuffers(this, options.ReceiveBufferSize, options.MaxReceiveBufferBytes);
    }

    public CompletionPortOptions Options { get; }

    /// <summary>The buffers of stream sockets.</summary>
    public ManagedBuffers Buffers { get; }

    public override EngineKind Kind => EngineKind.Managed;

    public override EngineListener Listen(ListenRequest request, IListenerSink sink) => new ManagedListener(this, request, sink);

    public override void StartConnect(ConnectRequest request, IConnectSink sink)
    {
        Statistics.Submitted(Verb.Connect);
        var attempt = new ManagedConnect(this, request, sink);
        request.EngineState = attempt;
        attempt.Start();
    }

    public override void CancelConnect(ConnectRequest request) => (request.EngineState as ManagedConnect)?.Cancel();

    public override EngineDatagramSocket BindDatagram(DatagramRequest request) => new ManagedDatagramSocket(this, request);

    /// <summary>The buffers for datagrams of a size; made when the first socket asks.</summary>
    public ManagedBuffers DatagramBuffers(int bufferSize) =>
        _datagramBuffers.GetOrAdd(bufferSize, static (size, engine) => new ManagedBuffers(engine, size, engine.Options.MaxReceiveBufferBytes), this);

    /// <summary>One pool item per work: a work that blocks holds up nobody but itself.</summary>
    public override void Schedule(CompletionWork work)
    {
        if (CallbackScope.TryCollect(work))
            return;
        _works.Enqueue(work);
        ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
    }

    public override ValueTask ShutDownAsync()
    {
        Buffers.Dispose();
        foreach (ManagedBuffers buffers in _datagramBuffers.Values)
            buffers.Dispose();
        return ValueTask.CompletedTask;
    }

    void IThreadPoolWorkItem.Execute()
    {
        if (_works.TryDequeue(out CompletionWork? work))
            RunWork(work);
    }

    /// <summary>
    /// Runs what a completion scheduled, on the thread that brought the completion. In ThreadPool scheduling only the last one, the others go to
    /// the pool first: a handler that blocks must not hold them up.
    /// </summary>
    public void RunCollected(CompletionWork? works)
    {
        bool inline = Options.Scheduling == CompletionScheduling.Inline;
        while (works is not null)
        {
            CompletionWork work = works;
            works = work.NextWork;
            work.NextWork = null;
            if (inline || (works is null && Thread.CurrentThread.IsThreadPoolThread))
                RunWork(work);
            else
                Schedule(work);
        }
    }

    private void RunWork(CompletionWork work)
    {
        try
        {
            work.Run();
        }
        catch (Exception error)
        {
            _unhandled(error);
        }
    }
}
