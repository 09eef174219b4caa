using System.Net.Sockets;
using RxSockets.Buffers;

namespace RxSockets.Engines.Iocp;

/// <summary>
/// The receives of a datagram socket. Several WSARecvFrom are posted, each with a buffer of its own, and each is posted again when its datagram came. Where
/// buffers are short none is posted: one peek, of no bytes, waits until a datagram is there, and a WSARecvFrom that does not block takes
/// it; so sockets that wait do not hold the buffers that others need. An error ends only the receive it came to. Guarded by the socket's lock.
/// </summary>
internal sealed unsafe class IocpDatagramReceive : ICancellable, IParked
{
    /// <summary>Receives that are posted at a time, at most.</summary>
    public const int MostPosted = 8;

    private readonly IocpDatagramSocket _socket;
    private readonly ReceivePool _pool;
    private readonly int _maxDatagramSize;
    private readonly DatagramReceiveSlot[] _slots;
    private readonly LateNode _late;
    private int _inFlight;
    private bool _parked;
    private bool _stopAsked;

    public IocpDatagramReceive(IocpDatagramSocket socket, int maxDatagramSize, int posted)
    {
        _socket = socket;
        _maxDatagramSize = maxDatagramSize;
        _pool = socket.Loop.DatagramReceives(DatagramLayout.BufferSizeFor(maxDatagramSize));
        _slots = new DatagramReceiveSlot[posted];
        for (int i = 0; i < posted; i++)
            _slots[i] = new DatagramReceiveSlot(this, socket, maxDatagramSize);
        _late = new LateNode(this);
    }

    /// <summary>The kernel has some of it, or it waits for a buffer.</summary>
    public bool InFlight => _inFlight > 0 || _parked;

    private bool IsEnding => _stopAsked || _socket.IsClosing;

    /// <summary>Always pends: what fails in the call is told by a packet, too.</summary>
    public void Start()
    {
        lock (_socket.Sync)
        {
            _stopAsked = false;
            TopUp();
        }
    }

    /// <summary>Datagrams that raced with it are still delivered.</summary>
    public void Stop()
    {
        lock (_socket.Sync)
        {
            if (!InFlight)
                return;
            _stopAsked = true;
            if (_inFlight > 0)
            {
                Cancel();
                _socket.Loop.WatchCancelled(this);
                return;
            }
        }

        _socket.Loop.Post(_late, LateNode.ParkedCommand);
    }

    bool ICancellable.CancelAgain()
    {
        lock (_socket.Sync)
        {
            if (_inFlight == 0 || !_stopAsked)
                return false;
            Cancel();
            return true;
        }
    }

    /// <summary>On the loop's thread: a parked receive of a socket that closes or was stopped ends.</summary>
    public void EndIfParked()
    {
        lock (_socket.Sync)
        {
            if (!_parked || !IsEnding)
                return;
            // It stays in the pool's queue, and is passed over there.
            _parked = false;
        }

        _socket.Sink.OnReceiveStopped(SocketError.Success);
    }

    /// <summary>On the loop's thread: a buffer came back.</summary>
    public void Unpark()
    {
        BufferLease? datagram;
        SocketError error;
        bool more;
        lock (_socket.Sync)
        {
            if (!_parked)
                return;
            _parked = false;
            datagram = Take(out error);
            more = GoOn(error);
        }

        Tell(datagram, error, more);
    }

    /// <summary>On the loop's thread: a posted receive, or the peek, ended.</summary>
    public void OnCompletion(DatagramReceiveSlot slot, SocketError error, int bytes)
    {
        BufferLease? datagram;
        bool more;
        lock (_socket.Sync)
        {
            _socket.Loop.Statistics.Completed(Verb.Receive);
            _inFlight--;
            datagram = slot.TakeBuffer();
            if (datagram is not null)
                datagram = Filled(datagram, bytes, ref error);
            // A peek that found no room for what it saw has done its work.
            else if (error is SocketError.Success or SocketError.MessageSize)
                datagram = IsEnding ? Ended(out error) : Take(out error);
            more = GoOn(error);
        }

        Tell(datagram, error, more);
        _socket.FinishCloseIfIdle();
    }

    /// <summary>On the loop's thread: after the last completion.</summary>
    public void Free()
    {
        foreach (DatagramReceiveSlot slot in _slots)
            slot.ReturnBlock();
    }

    /// <summary>The packet of a receive that failed in the call could not be posted: it is told without one.</summary>
    public void TellLate() => _socket.Loop.Post(_late, LateNode.FailedCommand);

    private void Tell(BufferLease? datagram, SocketError error, bool more)
    {
        if (datagram is not null)
            _socket.Sink.OnReceived(datagram, more);
        else if (error is SocketError.Success or SocketError.OperationAborted)
            TellAborted(error, more);
        else if (more)
            _socket.Sink.OnReceiveError(error);
        else
            _socket.Sink.OnReceiveStopped(error);
    }

    // Success without a datagram: the peek goes on, or has been stopped.
    private void TellAborted(SocketError error, bool more)
    {
        if (!more)
            _socket.Sink.OnReceiveStopped(IsEnding ? SocketError.Success : error);
    }

    // Under the lock, after an end: what is posted again, and whether anything is in flight. Not after an error: one that comes again and again must not
    // keep this going by itself; the owner starts the receive again when all of it has ended.
    private bool GoOn(SocketError error)
    {
        if (error == SocketError.Success && !IsEnding)
            TopUp();
        return InFlight;
    }

    private void TopUp()
    {
        foreach (DatagramReceiveSlot slot in _slots)
        {
            if (_pool.Buffers.IsShort)
                break;
            if (slot.InFlight)
                continue;
            if (_pool.Buffers.TryRent() is not { } buffer)
                break;
            Count();
            slot.Receive(buffer);
        }

        if (InFlight)
            return;
        Count();
        _slots[0].Peek();
    }

    private void Count()
    {
        _inFlight++;
        _socket.Loop.Statistics.Submitted(Verb.Receive);
    }

    // Takes what a peek has seen; null with Success where nothing is there any more, or no buffer.
    private BufferLease? Take(out SocketError error)
    {
        error = SocketError.Success;
        BufferLease? buffer = _pool.Buffers.TryRent();
        if (buffer is null)
        {
            _parked = true;
            _pool.Park(this);
            return null;
        }

        error = WinsockErrors.FromCode(DatagramReceiveSlot.ReceiveNow(_socket, buffer, _maxDatagramSize, out int bytes));
        BufferLease? datagram = Filled(buffer, bytes, ref error);
        if (error == SocketError.WouldBlock)
            error = SocketError.Success;
        return datagram;
    }

    // A datagram that was longer is an error to Windows, which has filled the buffer all the same.
    private BufferLease? Filled(BufferLease buffer, int bytes, ref SocketError error)
    {
        bool truncated = error == SocketError.MessageSize;
        if (truncated || error == SocketError.Success)
        {
            error = SocketError.Success;
            buffer.FillDatagram(DatagramReceiveSlot.SenderLength(buffer), truncated ? _maxDatagramSize : bytes, truncated);
            return buffer;
        }

        buffer.Fill(0, holder: null);
        buffer.Release();
        return null;
    }

    private static BufferLease? Ended(out SocketError error)
    {
        error = SocketError.OperationAborted;
        return null;
    }

    private void Cancel()
    {
        foreach (DatagramReceiveSlot slot in _slots)
        {
            if (slot.InFlight)
            {
                _socket.Loop.Statistics.Submitted(Verb.Cancel);
                _ = _socket.Winsock.Cancel(_socket.Native, slot.Overlapped);
            }
        }
    }

    private sealed class LateNode(IocpDatagramReceive receive) : LoopNode
    {
        public const int ParkedCommand = 1;
        public const int FailedCommand = 2;

        public override void Execute(int commands)
        {
            if ((commands & ParkedCommand) != 0)
                receive.EndIfParked();
            if ((commands & FailedCommand) == 0)
                return;
            foreach (DatagramReceiveSlot slot in receive._slots)
                slot.TellLate();
        }
    }
}
