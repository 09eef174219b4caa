using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using RxSockets.Buffers;
using RxSockets.Operations;

namespace RxSockets.Engines;

/// <summary>What a started receive gave at once, or that it pends.</summary>
internal enum ReceiveStart
{
    /// <summary>The sink will hear.</summary>
    Pending,

    /// <summary>A buffer is here; the receive is over and may be started again.</summary>
    Received,

    /// <summary>FIN or failure; the receive is over for good.</summary>
    Ended,
}

/// <summary>
/// A connected stream handle in an engine. The owner serialises calls (it holds its lock); none of them calls back before it returns, ready
/// or pending is the return value. At most one receive and one send are started at a time.
/// </summary>
internal abstract class EngineSocket
{
    /// <summary>Says who hears of completions. Once, before anything is started.</summary>
    public abstract void Attach(ISocketSink sink);

    public abstract EndPoint? LocalEndPoint { get; }

    public abstract EndPoint? RemoteEndPoint { get; }

    /// <summary>The native handle, for what this library does not wrap. Valid until closed.</summary>
    public abstract SafeHandle Handle { get; }

    /// <summary>SO_CONNECT_TIME: time since the connection was established; on the port's clock since that moment was learnt.</summary>
    public abstract TimeSpan? ConnectTime { get; }

    /// <summary>Bytes the kernel received that were not read yet (FIONREAD); 0 when closed.</summary>
    public abstract int UnreadBytes { get; }

    /// <summary>
    /// Receives into buffers of the engine's until stopped, ended, or out of what one start gives (<c>more</c> false).
    /// </summary>
    public abstract ReceiveStart StartReceive(out BufferLease? buffer, out SocketError error);

    /// <summary>Asks the started receive to stop; data that raced is still delivered, then OnReceiveStopped. Harmless when it is over already.</summary>
    public abstract void StopReceive();

    /// <summary>
    /// Sends the whole batch. True: pending, the sink will hear. False: done at once, with what was taken. The batch is the engine's until then.
    /// </summary>
    public abstract bool StartSend(SendBatch batch, out long sent, out SocketError error);

    /// <summary>Asks the started send to end early; the sink still hears the real end and the bytes taken.</summary>
    public abstract void CancelSend();

    /// <summary>FIN. Only with no send started.</summary>
    public abstract SocketError ShutdownSend();

    /// <summary>
    /// Ends whatever is in flight (each start still gets its end), waits for the last completion, closes the handle, then OnClosed. With
    /// <paramref name="abort"/> the peer gets a reset (linger 0) where the family has one. May be called again to turn a close into an abort.
    /// </summary>
    public abstract void Close(bool abort);

    public abstract int GetOption(SocketOptionLevel level, SocketOptionName name);

    public abstract void SetOption(SocketOptionLevel level, SocketOptionName name, int value);

    /// <summary>Runs the work where this socket's completions run. Never before returning; may be called under the owner's lock.</summary>
    public abstract void Schedule(CompletionWork work);
}
