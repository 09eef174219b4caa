using System.Net.Sockets;
using RxSockets.Buffers;
using RxSockets.Engines;
using RxSockets.Operations;

namespace RxSockets.Sockets;

/// <summary>
/// The receiving half of a datagram socket: datagrams that arrived and nobody read yet, and the decision when the engine may receive. Receiving starts
/// when a reader wants and stops when the socket holds its limit; then the kernel's buffer fills. Guarded by the socket's lock.
/// </summary>
internal sealed class DatagramQueue(DatagramSocket socket, Lock sync, AddressFamily family, int limit)
    : ItemSource<ReceivedDatagram>(sync), IBufferHolder
{
    private readonly SenderCache _senders = new(family);
    private LeaseList _unread;
    private BufferLease? _lent;
    private int _held;
    private bool _started;
    private bool _stopAsked;
    private SocketError? _end;

    public long Received { get; private set; }

    public long Truncated { get; private set; }

    /// <summary>Errors that the network reported to a receive.</summary>
    public long NetworkErrors { get; private set; }

    protected override string Name => "The socket's received datagrams";

    protected override bool IsEnded => _unread.IsEmpty && _end is not null;

    private bool IsFull => _held >= limit;

    /// <summary>Under the lock: this side ends the reader; what was unread is dropped. Returns the buffers to release.</summary>
    public BufferLease? End(SocketError error)
    {
        _end ??= error;
        BufferLease? unread = _unread.TakeAll();
        SignalLocked();
        return unread;
    }

    public void OnReceived(BufferLease datagram, bool more)
    {
        bool drop;
        lock (Sync)
        {
            _started = more;
            if (!more)
                _stopAsked = false;
            drop = _end is not null;
            if (!drop)
            {
                Append(datagram);
                SignalLocked();
                if (_started && !_stopAsked && IsFull)
                {
                    _stopAsked = true;
                    socket.Engine.StopReceive();
                }
            }
        }

        if (drop)
            datagram.Release();
    }

    public void OnError(SocketError error)
    {
        lock (Sync)
        {
            Failed(error);
            if (_end is null)
                return;
            SignalLocked();
            if (!_stopAsked)
            {
                _stopAsked = true;
                socket.Engine.StopReceive();
            }
        }
    }

    public void OnStopped(SocketError error)
    {
        lock (Sync)
        {
            _started = false;
            _stopAsked = false;
            Failed(error);
            GoOn();
        }
    }

    /// <summary>A buffer of ours went home. Any thread.</summary>
    void IBufferHolder.Released(int capacity)
    {
        lock (Sync)
        {
            _held--;
            GoOn();
        }
    }

    public override Exception? CreateEndError()
    {
        SocketError error;
        lock (Sync)
            error = _end ?? SocketError.Success;
        return error == SocketError.Success ? null : SocketErrors.Create(error, "receiving datagrams", socket.LocalEndPoint);
    }

    public override void Return(ReceivedDatagram item) => Interlocked.Exchange(ref _lent, null)?.EndLoan();

    public override void Schedule(CompletionWork work) => socket.Engine.Schedule(work);

    public override void ReportUnhandled(Exception error) => socket.Port.Unhandled(error);

    // The stream goes on: a datagram that a handler chokes on must not end the server for everybody else.
    public override void HandlerThrew(ReceivedDatagram item, Exception error) => socket.Port.Unhandled(error);

    protected override bool TryDequeue(out ReceivedDatagram item)
    {
        if (_unread.IsEmpty)
        {
            item = default;
            return false;
        }

        _lent = _unread.Unlink();
        item = new ReceivedDatagram(_lent.Lend(), _senders.Find(_lent.Sender), _lent.IsTruncated);
        return true;
    }

    /// <summary>Under the lock: starts the receive unless it runs, is over, or the limit is held.</summary>
    protected override void Demand()
    {
        // Goes round only for an error of the network, and each of those is taken by being told.
        while (!_started && _end is null && !IsFull)
        {
            _started = true;
            switch (socket.Engine.StartReceive(out BufferLease? datagram, out SocketError error))
            {
                case ReceiveStart.Pending:
                    return;
                case ReceiveStart.Received:
                    _started = false;
                    Append(datagram!);
                    return;
                default:
                    _started = false;
                    Failed(error);
                    break;
            }
        }
    }

    // A reader that waits is served: receiving goes on, and what came at once is told to it.
    private void GoOn()
    {
        if (!ReaderWaits)
            return;
        Demand();
        if (!_unread.IsEmpty || _end is not null)
            SignalLocked();
    }

    private void Failed(SocketError error)
    {
        if (error == SocketError.Success)
            return;
        if (DatagramErrors.IsOfTheNetwork(error))
            NetworkErrors++;
        else
            _end ??= error;
    }

    private void Append(BufferLease datagram)
    {
        Received++;
        if (datagram.IsTruncated)
            Truncated++;
        _held++;
        datagram.SetHolder(this);
        _unread.Append(datagram);
    }
}
