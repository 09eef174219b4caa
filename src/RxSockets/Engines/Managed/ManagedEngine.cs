using System.Collections.Concurrent;
using RxSockets.Buffers;
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
    private readonly ConcurrentQueue<ManagedSocket> _starved = new();
    private readonly Action<Exception> _unhandled;

    public ManagedEngine(CompletionPortOptions options, Action<Exception> unhandled)
    {
        Options = options;
        _unhandled = unhandled;
        Buffers = new BufferPool(options.ReceiveBufferSize, options.MaxReceiveBufferBytes);
        Buffers.BufferAvailable += OnBufferAvailable;
    }

    public CompletionPortOptions Options { get; }

    public BufferPool Buffers { get; }

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
        Buffers.BufferAvailable -= OnBufferAvailable;
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

    /// <summary>A socket that found no buffer; it goes on when one comes back.</summary>
    public void AddStarved(ManagedSocket socket)
    {
        Interlocked.Increment(ref Statistics.BufferStarvations);
        _starved.Enqueue(socket);
        // A buffer may have come back between the failure to rent and here.
        if (Buffers.HasFree)
            OnBufferAvailable();
    }

    /// <summary>The socket that was woken for a buffer did not need it.</summary>
    public void PassOn()
    {
        if (Buffers.HasFree)
            OnBufferAvailable();
    }

    private void OnBufferAvailable()
    {
        // One buffer came back: one socket goes on.
        if (_starved.TryDequeue(out ManagedSocket? socket))
            Schedule(socket.RetryReceive);
        else
            Buffers.Sated();
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
