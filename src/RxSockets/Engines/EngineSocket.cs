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
    /// A number that changes when the peer takes what was sent: the bytes it acknowledged (TCP on Linux), or less those that wait on their way to it (Unix sockets in
    /// io_uring). Always 0 where the system does not tell, and when closed; then only whole batches count as progress.
    /// </summary>
    public virtual long PeerProgress => 0;

    /// <summary>
    /// True where the system can tell that a TCP connection is gone: its state is CLOSE without a FIN of ours. Asked when a receive has said that the peer ended in order while a send is in
    /// flight: Linux tells a reset once, and that send may have taken it and not be told yet (another thread has it, or it ended as one that took a part).
    /// </summary>
    public virtual bool IsReset => false;

    /// <summary>
    /// Receives into buffers of the engine's until stopped, ended, or out of what one start gives (<c>more</c> false).
    /// </summary>
    public abstract ReceiveStart StartReceive(out BufferLease? buffer, out SocketError error);

    /// <summary>Asks the started receive to stop; data that raced is still delivered, then OnReceiveStopped. Harmless when it is over already.</summary>
    public abstract void StopReceive();

    /// <summary>
    /// With no send started: asks whether it is better to start one later, because the system call that would take it is not near. True: OnSendDue comes, before the kernel is asked
    /// next, and all that is to be sent by then leaves together. False: now is as good a time.
    /// </summary>
    public virtual bool TryDeferSend() => false;

    /// <summary>
    /// Sends the whole batch. True: pending, the sink will hear. False: done at once, with what was taken. The batch is the engine's until then.
    /// Throws what the owner of a piece of memory throws when it is pinned: then nothing was started, as with <see cref="StartTransmit"/>.
    /// </summary>
    public abstract bool StartSend(SendBatch batch, out long sent, out SocketError error);

    /// <summary>
    /// Transmits the whole batch, memory and file ranges, as one burst in order. Ready or pending as <see cref="StartSend"/>, with the same completion
    /// (OnSendCompleted; the bytes taken are exact also after a failure or a cancel); OnTransmitProgress may come before it. At most one send or transmit is
    /// started at a time. File bytes do not pass through managed memory where the engine can avoid it, and a file that is not in memory must not
    /// hold up other sockets of a loop. A file that ends early: InvalidArgument.
    /// Flags: the worker flags are hints. The owner carries out Disconnect and ReuseSocket itself, by <see cref="ShutdownSend"/> after the completion and
    /// <see cref="Recycle"/> after the peer's FIN; an engine may do either natively with the last byte (TF_DISCONNECT, TF_REUSE_SOCKET), and then answers
    /// those two calls with what is done already.
    /// </summary>
    public abstract bool StartTransmit(TransmitBatch batch, out long sent, out SocketError error);

    /// <summary>Asks the started send or transmit to end early; the sink still hears the real end and the bytes taken.</summary>
    public abstract void CancelSend();

    /// <summary>FIN. Only with no send started.</summary>
    public abstract SocketError ShutdownSend();

    /// <summary>
    /// Ends whatever is in flight (each start still gets its end), waits for the last completion, closes the handle, then OnClosed. With
    /// <paramref name="abort"/> the peer gets a reset (linger 0) where the family has one. May be called again to turn a close into an abort.
    /// </summary>
    public abstract void Close(bool abort);

    /// <summary>
    /// True where <see cref="Recycle"/> can keep the handle: for one that came from connect; for one that came from accept only where the engine gives it back
    /// to accept by itself. Never for a Unix socket.
    /// </summary>
    public abstract bool CanRecycle { get; }

    /// <summary>
    /// DisconnectEx with TF_REUSE_SOCKET: as Close(false), but keeps the handle. Only where <see cref="CanRecycle"/>, once both FINs were seen and nothing is
    /// started. Ends in OnRecycled, or, when the handle could not be kept or Close was called meanwhile, in OnClosed. May take time (TIME_WAIT); the
    /// owner closes when its patience ends.
    /// </summary>
    public abstract void Recycle();

    public abstract int GetOption(SocketOptionLevel level, SocketOptionName name);

    public abstract void SetOption(SocketOptionLevel level, SocketOptionName name, int value);

    /// <summary>Runs the work where this socket's completions run. Never before returning; may be called under the owner's lock.</summary>
    public abstract void Schedule(CompletionWork work);
}
