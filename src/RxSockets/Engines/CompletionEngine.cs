using System.Net.Sockets;
using RxSockets.Operations;

namespace RxSockets.Engines;

/// <summary>
/// An engine: the kernel's completions, and the threads that reap them. What each engine must supply, and how every verb maps on IOCP,
/// io_uring and System.Net.Sockets, is in docs/decisions/0001-engine-abstraction.md. All members may be called from any thread.
/// </summary>
internal abstract class CompletionEngine
{
    /// <summary>Never <see cref="EngineKind.Auto"/>.</summary>
    public abstract EngineKind Kind { get; }

    /// <summary>Submissions and completions per verb, and what went wrong below.</summary>
    public EngineStatistics Statistics { get; } = new();

    /// <summary>True where <see cref="ListenRequest.FirstDataBytes"/> is honoured by the accept itself.</summary>
    public virtual bool AcceptsWithFirstData => false;

    /// <summary>It runs where a better one could not: <c>Auto</c> chose it for want of that.</summary>
    public bool IsFallback { get; init; }

    /// <summary>Its loops; none where completions come on threads of somebody else's.</summary>
    public virtual IReadOnlyList<CompletionLoop> Loops => [];

    /// <summary>
    /// How tasks are made that the library itself completes (an end that is waited for): their continuations go to the thread pool, but for an engine that
    /// must know of everything that runs.
    /// </summary>
    public virtual TaskCreationOptions Completions => TaskCreationOptions.RunContinuationsAsynchronously;

    /// <summary>Creates, binds and listens; accepting begins with <see cref="EngineListener.StartAccept"/>. Throws <see cref="SocketException"/>; nothing leaks then.</summary>
    public abstract EngineListener Listen(ListenRequest request, IListenerSink sink);

    /// <summary>Starts a connect. Failures, also of creating or binding the socket, go to the sink; nothing is thrown.</summary>
    public abstract void StartConnect(ConnectRequest request, IConnectSink sink);

    /// <summary>Asks a started connect to end; the sink still hears the real end, which may be success.</summary>
    public abstract void CancelConnect(ConnectRequest request);

    /// <summary>Creates and binds; receiving begins with <see cref="EngineDatagramSocket.StartReceive"/>. Throws <see cref="SocketException"/>; nothing leaks then.</summary>
    public abstract EngineDatagramSocket BindDatagram(DatagramRequest request);

    /// <summary>Runs the work where completions run. Never runs it before returning.</summary>
    public abstract void Schedule(CompletionWork work);

    /// <summary>
    /// Ends the threads. Called once, after every socket and listener was closed and heard OnClosed and every connect ended. Work scheduled before still runs.
    /// </summary>
    public abstract ValueTask ShutDownAsync();
}
