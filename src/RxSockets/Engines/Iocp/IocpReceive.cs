using System.Net.Sockets;
using RxSockets.Buffers;
using RxSockets.Native.Windows;

namespace RxSockets.Engines.Iocp;

/// <summary>
/// The receive of a socket: an overlapped WSARecv of no bytes waits until there is something, then a plain WSARecv, which does not block, takes it
/// into a buffer. So a connection that waits holds no buffer (ten thousand idle ones would pin 160 MB), a cancelled wait can lose nothing, and the
/// kernel never writes into a buffer at a time of its own. The price is one call more per message; none more where data keeps
/// coming, since after a buffer that was filled to its end the next one is tried without waiting. Guarded by the socket's lock.
/// </summary>
internal sealed unsafe class IocpReceive(IocpSocket socket) : IocpRequest(socket.Loop), ICancellable, IParked
{
    private bool _waiting;
    private bool _parked;
    private bool _stopAsked;
    private bool _mayHaveMore;

    /// <summary>The kernel has it, or it waits for a buffer.</summary>
    public bool InFlight => _waiting || _parked;

    public ReceiveStart Start(out BufferLease? buffer, out SocketError error)
    {
        Loop.Statistics.Submitted(Verb.Receive);
        lock (socket.Sync)
        {
            _stopAsked = false;
            buffer = null;
            ReceiveStart start = _mayHaveMore ? Take(out buffer, out error) : Wait(out error);
            if (start != ReceiveStart.Pending)
                Loop.Statistics.Completed(Verb.Receive);
            return start;
        }
    }

    /// <summary>The end comes from the loop's thread, also of a parked one.</summary>
    public void Stop()
    {
        lock (socket.Sync)
        {
            if (!InFlight)
                return;
            _stopAsked = true;
            if (_waiting)
            {
                Loop.Statistics.Submitted(Verb.Cancel);
                _ = socket.Winsock.Cancel(socket.Native, Overlapped);
                Loop.WatchCancelled(this);
                return;
            }
        }

        Loop.Post(new StopNode(this), 1);
    }

    bool ICancellable.CancelAgain()
    {
        lock (socket.Sync)
        {
            if (!_waiting || !_stopAsked)
                return false;
            _ = socket.Winsock.Cancel(socket.Native, Overlapped);
            return true;
        }
    }

    /// <summary>On the loop's thread: a parked receive of a socket that closes or was stopped ends.</summary>
    public void EndIfParked()
    {
        lock (socket.Sync)
        {
            if (!_parked || !(_stopAsked || socket.IsClosing))
                return;
            // It stays in the loop's list, and is passed over there.
            _parked = false;
        }

        Loop.Statistics.Completed(Verb.Receive);
        socket.Sink.OnReceiveStopped();
    }

    /// <summary>On the loop's thread: a buffer came back.</summary>
    public void Unpark()
    {
        ReceiveStart start;
        BufferLease? buffer;
        SocketError error;
        lock (socket.Sync)
        {
            if (!_parked)
                return;
            _parked = false;
            start = Take(out buffer, out error);
        }

        Tell(start, buffer, error);
    }

    public override void OnCompletion(uint status, uint bytes)
    {
        ReceiveStart start = ReceiveStart.Ended;
        BufferLease? buffer = null;
        SocketError error;
        bool stopped;
        lock (socket.Sync)
        {
            _waiting = false;
            error = WinsockErrors.FromStatus(status);
            stopped = socket.IsClosing || (_stopAsked && error is SocketError.Success or SocketError.OperationAborted);
            if (!stopped && error == SocketError.Success)
                start = Take(out buffer, out error);
        }

        if (stopped)
        {
            Loop.Statistics.Completed(Verb.Receive);
            socket.Sink.OnReceiveStopped();
        }
        else
        {
            Tell(start, buffer, error);
        }

        socket.FinishCloseIfIdle();
    }

    private void Tell(ReceiveStart start, BufferLease? buffer, SocketError error)
    {
        if (start == ReceiveStart.Pending)
            return;
        Loop.Statistics.Completed(Verb.Receive);
        if (start == ReceiveStart.Received)
            socket.Sink.OnReceived(buffer!, more: false);
        else
            socket.Sink.OnReceiveEnded(error);
    }

    // Takes what is there; where nothing is (a wait can end for nothing), waits.
    private ReceiveStart Take(out BufferLease? buffer, out SocketError error)
    {
        error = SocketError.Success;
        buffer = Loop.Pool.TryRent();
        if (buffer is null)
        {
            _parked = true;
            Loop.Park(this);
            return ReceiveStart.Pending;
        }

        var vector = new WSABUF { buf = buffer.Pointer, len = (uint)buffer.Capacity };
        uint received = 0;
        int code = socket.Winsock.Receive(socket.Native, &vector, 1, &received, null);
        buffer.Fill((int)received, holder: null);
        _mayHaveMore = code == 0 && received == buffer.Capacity;
        if (code == 0 && received > 0)
            return ReceiveStart.Received;
        buffer.Release();
        buffer = null;
        error = WinsockErrors.FromCode(code);
        return error == SocketError.WouldBlock ? Wait(out error) : ReceiveStart.Ended;
    }

    private ReceiveStart Wait(out SocketError error)
    {
        error = SocketError.Success;
        var nothing = default(WSABUF);
        uint received = 0;
        OVERLAPPED* overlapped = Begin(socket.Key);
        _waiting = true;
        int code = socket.Winsock.Receive(socket.Native, &nothing, 1, &received, overlapped);
        if (code is 0 or Win32Error.ERROR_IO_PENDING)
            return ReceiveStart.Pending;
        _waiting = false;
        NotBegun();
        error = WinsockErrors.FromCode(code);
        return ReceiveStart.Ended;
    }

    private sealed class StopNode(IocpReceive receive) : LoopNode
    {
        public override void Execute(int commands) => receive.EndIfParked();
    }
}
