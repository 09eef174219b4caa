using System.Net.Sockets;
using RxSockets.Buffers;
using RxSockets.Operations;

namespace RxSockets.Engines;

/// <summary>
/// Who hears of a socket's completions. Calls come from any thread, one at a time per direction, never from inside a call that the
/// sink makes into the engine. They only keep books and schedule work: no user code runs in them.
/// </summary>
internal interface ISocketSink
{
    /// <summary>
    /// Data came. The sink now holds the lease's one reference. <paramref name="more"/>: the receive goes on by itself; otherwise it is over and may be started again.
    /// </summary>
    void OnReceived(BufferLease buffer, bool more);

    /// <summary>The receive is over: the peer's FIN (<see cref="SocketError.Success"/>) or a failure. Never started again.</summary>
    void OnReceiveEnded(SocketError error);

    /// <summary>The receive is over because it was stopped (or the engine had to); it may be started again.</summary>
    void OnReceiveStopped();

    /// <summary>What <see cref="EngineSocket.TryDeferSend"/> promised: a send started now costs least. Once for each promise, unless the socket was closed meanwhile.</summary>
    void OnSendDue();

    /// <summary>The started send is over: all bytes of the batch with Success, or fewer with an error. The memory is free again.</summary>
    void OnSendCompleted(long bytes, SocketError error);

    /// <summary>The started transmit goes on; <paramref name="bytes"/> were taken so far.</summary>
    void OnTransmitProgress(long bytes);

    /// <summary>
    /// Last call, instead of OnClosed: nothing is in flight, and the handle was kept. The sink owns it. Null: it went back to accept, where the engine keeps it.
    /// </summary>
    void OnRecycled(RecycledHandle? handle);

    /// <summary>Last call: nothing is in flight, the handle is closed.</summary>
    void OnClosed();
}

/// <summary>Who hears of a listener. Same rules as <see cref="ISocketSink"/>.</summary>
internal interface IListenerSink
{
    /// <summary>A connection. The sink owns it: attaches itself or closes it. <paramref name="firstData"/>: what came with the accept, where the engine does that.</summary>
    void OnAccepted(EngineSocket socket, BufferLease? firstData);

    /// <summary>A client that went away while it was being accepted, or that no connection could be made of. Accepting goes on.</summary>
    void OnClientLost(SocketError error);

    /// <summary>Accepting is over (until started again): stopped, or an error.</summary>
    void OnAcceptStopped(SocketError error);

    /// <summary>Last call: nothing is in flight, the handle is closed.</summary>
    void OnClosed();
}

/// <summary>Who hears the end of a connect. Same rules as <see cref="ISocketSink"/>; called exactly once.</summary>
internal interface IConnectSink
{
    /// <summary>With Success a connected socket without a sink, and how many bytes of first data the kernel took; else an error and no socket.</summary>
    void OnConnected(EngineSocket? socket, int firstDataSent, SocketError error);
}
