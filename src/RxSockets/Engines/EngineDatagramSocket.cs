using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using RxSockets.Buffers;
using RxSockets.Operations;

namespace RxSockets.Engines;

/// <summary>
/// A bound datagram handle in an engine. Same rules as <see cref="EngineSocket"/>: calls are serialised by the owner and never call back before
/// they return; at most one receive and one send are started at a time. Received datagrams lie in their buffers as <see cref="DatagramLayout"/> says.
/// </summary>
internal abstract class EngineDatagramSocket
{
    /// <summary>Says who hears of completions. Once, before anything is started.</summary>
    public abstract void Attach(IDatagramSink sink);

    /// <summary>With the port that the system chose.</summary>
    public abstract IPEndPoint LocalEndPoint { get; }

    /// <summary>The native handle. Valid until closed.</summary>
    public abstract SafeHandle Handle { get; }

    /// <summary>
    /// Receives datagrams until stopped, failed, or out of what one start gives (<c>more</c> false). <see cref="ReceiveStart.Ended"/>: failed with the error; it
    /// may be started again, for an error may be a word of ICMP about an earlier send.
    /// </summary>
    public abstract ReceiveStart StartReceive(out BufferLease? datagram, out SocketError error);

    /// <summary>Asks the started receive to stop; datagrams that raced are still delivered, then OnReceiveStopped. Harmless when it is over already.</summary>
    public abstract void StopReceive();

    /// <summary>
    /// Sends the batch in order. True: pending, the sink will hear. False: done at once. <paramref name="sent"/> datagrams were taken; with an error the one
    /// behind them failed and the rest was not tried.
    /// </summary>
    public abstract bool StartSend(DatagramBatch batch, out int sent, out SocketError error);

    /// <summary>Asks the started send to end early (OperationAborted, unless it had ended); each datagram left whole or not at all.</summary>
    public abstract void CancelSend();

    /// <summary>Sets the peer: sends without a destination go there, and only its datagrams are received. Only with no send started.</summary>
    public abstract SocketError Connect(SocketAddress remote);

    /// <summary>Ends whatever is in flight (each start still gets its end), waits for the last completion, closes the handle, then OnClosed.</summary>
    public abstract void Close();

    public abstract int GetOption(SocketOptionLevel level, SocketOptionName name);

    public abstract void SetOption(SocketOptionLevel level, SocketOptionName name, int value);

    /// <summary>Joins or leaves a group on an interface; index 0 is the system's choice.</summary>
    public abstract void SetMembership(bool join, IPAddress group, int interfaceIndex);

    /// <summary>The interface by which datagrams to groups of the family leave; index 0 is the system's choice.</summary>
    public abstract void SetMulticastInterface(AddressFamily family, int interfaceIndex);

    /// <summary>Runs the work where this socket's completions run. Never before returning; may be called under the owner's lock.</summary>
    public abstract void Schedule(CompletionWork work);
}

/// <summary>Who hears of a datagram socket's completions. Same rules as <see cref="ISocketSink"/>.</summary>
internal interface IDatagramSink
{
    /// <summary>
    /// A datagram came. The sink now holds the lease's one reference. <paramref name="more"/>: the receive goes on by itself; otherwise it is over and may be started again.
    /// </summary>
    void OnReceived(BufferLease datagram, bool more);

    /// <summary>An error came, and the receive goes on by itself.</summary>
    void OnReceiveError(SocketError error);

    /// <summary>The receive is over: stopped (<see cref="SocketError.Success"/>) or failed; it may be started again.</summary>
    void OnReceiveStopped(SocketError error);

    /// <summary>The started send is over: all datagrams with Success, or fewer with the error of the one behind them. The memory is free again.</summary>
    void OnSendCompleted(int datagrams, SocketError error);

    /// <summary>Last call: nothing is in flight, the handle is closed.</summary>
    void OnClosed();
}
