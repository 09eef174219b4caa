using System.Net;
using System.Net.Sockets;
using RxSockets.Buffers;
using RxSockets.Diagnostics;
using RxSockets.Engines;
using RxSockets.Operations;

namespace RxSockets.Sockets;

/// <summary>
/// A datagram socket behind the public one: its receiving and sending halves, and the close protocol. Thread-safe: one lock guards all of it, and no
/// user code runs under it.
/// </summary>
internal sealed class DatagramSocket : IDatagramSink, IPortMember
{
    private readonly Lock _sync = new();
    private readonly TaskCompletionSource _closed;
    private bool _handleClosed;

    public DatagramSocket(PortCore port, IPEndPoint endPoint, DatagramOptions options)
    {
        using IDisposable hold = port.Hold();
        Port = port;
        _closed = new TaskCompletionSource(port.Engine.Completions);
        Engine = port.Engine.BindDatagram(new DatagramRequest
        {
            Local = endPoint,
            MaxDatagramSize = options.MaxDatagramSize,
            ReceiveLimit = options.ReceiveLimit,
            DualMode = options.DualMode,
            ReuseAddress = options.ReuseAddress,
            Broadcast = options.Broadcast,
            ReceiveBufferSize = options.ReceiveBufferSize,
            SendBufferSize = options.SendBufferSize,
        });
        LocalEndPoint = Engine.LocalEndPoint;
        Receive = new DatagramQueue(this, _sync, Family, options.ReceiveLimit);
        Write = new DatagramWriteQueue(this, _sync);
        Engine.Attach(this);
        if (!port.Add(this))
            _ = Close();
    }

    public PortCore Port { get; }

    public EngineDatagramSocket Engine { get; }

    public DatagramQueue Receive { get; }

    public DatagramWriteQueue Write { get; }

    public IPEndPoint LocalEndPoint { get; }

    public AddressFamily Family => LocalEndPoint.AddressFamily;

    /// <summary>The engine was told to close; nothing may be started, and the handle must not be used.</summary>
    public bool IsClosed { get; private set; }

    /// <summary>Runs a call on the handle, which must not be closed meanwhile.</summary>
    public TResult WithHandle<TResult, TState>(TState state, Func<EngineDatagramSocket, TState, TResult> call)
    {
        lock (_sync)
        {
            ThrowIfClosed();
            return call(Engine, state);
        }
    }

    /// <summary>Under the lock.</summary>
    public void ThrowIfClosed() => ObjectDisposedException.ThrowIf(IsClosed, nameof(RxSockets) + ".RxDatagramSocket");

    /// <summary>Under the lock: with the handle closed and no operation left, the port may end its engine.</summary>
    public void FinishIfDone()
    {
        if (!_handleClosed || !Write.IsIdle)
            return;
        _closed.TrySetResult();
        Port.Remove(this);
    }

    /// <summary>Ends the reader and what is queued, cancels what is in flight, closes the handle after the last completion.</summary>
    public Task Close()
    {
        BufferLease? unread;
        lock (_sync)
        {
            if (IsClosed)
                return _closed.Task;
            IsClosed = true;
            unread = Receive.End(SocketError.OperationAborted);
            Write.Break();
            Engine.Close();
        }

        LeaseList.ReleaseAll(unread);
        return _closed.Task;
    }

    void IDatagramSink.OnReceived(BufferLease datagram, bool more) => Receive.OnReceived(datagram, more);

    void IDatagramSink.OnReceiveError(SocketError error) => Receive.OnError(error);

    void IDatagramSink.OnReceiveStopped(SocketError error) => Receive.OnStopped(error);

    void IDatagramSink.OnSendCompleted(int datagrams, SocketError error) => Write.OnSendCompleted(datagrams, error);

    void IDatagramSink.OnClosed()
    {
        lock (_sync)
        {
            _handleClosed = true;
            FinishIfDone();
        }
    }

    IPortMember? IPortMember.PreviousMember { get; set; }

    IPortMember? IPortMember.NextMember { get; set; }

    void IPortMember.EndWithPort() => _ = Close();

    void IPortMember.MeasureInto(MemberTotals totals, bool left)
    {
        totals.DatagramsReceived += Receive.Received;
        totals.DatagramsSent += Write.Sent;
        totals.DatagramErrors += Receive.NetworkErrors + Write.NetworkErrors;
        totals.DatagramSockets += left ? 0 : 1;
    }
}
