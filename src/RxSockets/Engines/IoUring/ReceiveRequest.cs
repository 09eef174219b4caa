using RxSockets.Buffers;
using RxSockets.Native.Linux;
using static RxSockets.Native.Linux.IoUringAbi;

namespace RxSockets.Engines.IoUring;

/// <summary>
/// The receive of a socket: multishot, into the loop's provided buffers. On the loop's thread. Without F_MORE it is over, whatever the result; -ENOBUFS is
/// flow control: the socket is parked until a buffer comes back.
/// </summary>
internal sealed unsafe class ReceiveRequest(IoUringSocket socket) : IoUringRequest
{
    private bool _armed;
    private bool _parked;
    private bool _stopAsked;
    private bool _closeSubmitted;

    /// <summary>The kernel has it, or it waits for a buffer.</summary>
    public bool InFlight => _armed || _parked;

    public void Submit()
    {
        if (InFlight || socket.IsClosing)
        {
            // Closing and starting crossed: the start still gets its end.
            if (!InFlight)
                socket.Sink.OnReceiveStopped();
            return;
        }

        _armed = true;
        _stopAsked = false;
        socket.Loop.Statistics.Submitted(Verb.Receive);
        io_uring_sqe* entry = socket.Loop.Prepare(this, IORING_OP_RECV, socket.Descriptor);
        entry->flags = IOSQE_BUFFER_SELECT;
        entry->ioprio = IORING_RECV_MULTISHOT;
        entry->buf_group = socket.Loop.BufferGroup;
    }

    /// <summary>Asks the kernel to end the receive it has; false where it has none.</summary>
    public bool TryStopArmed()
    {
        if (!_armed)
            return false;
        _stopAsked = true;
        socket.Loop.Cancel(this);
        return true;
    }

    /// <summary>Only from the posted queue: a parked receive ends at once, and that is told.</summary>
    public void Stop()
    {
        if (!TryStopArmed() && _parked)
        {
            // It stays in the loop's list, and is passed over there.
            _parked = false;
            socket.Sink.OnReceiveStopped();
        }
    }

    public bool Unpark()
    {
        if (!_parked)
            return false;
        _parked = false;
        Submit();
        return true;
    }

    public void SubmitClose()
    {
        _closeSubmitted = true;
        socket.Loop.Statistics.Submitted(Verb.Close);
        socket.Loop.Prepare(this, IORING_OP_CLOSE, socket.Descriptor);
    }

    public override void OnCompletion(int result, uint flags)
    {
        if (_closeSubmitted)
        {
            socket.Loop.Statistics.Completed(Verb.Close);
            socket.OnDescriptorClosed();
            return;
        }

        bool more = (flags & IORING_CQE_F_MORE) != 0;
        _armed = more;
        socket.Loop.Statistics.Completed(Verb.Receive);
        if ((flags & IORING_CQE_F_BUFFER) != 0)
            Deliver(socket.Loop.TakeBuffer(flags), result, more);
        else if (!more)
            End(result);
        socket.FinishCloseIfIdle();
    }

    private void Deliver(BufferLease buffer, int result, bool more)
    {
        if (result <= 0)
        {
            buffer.Fill(0, holder: null);
            buffer.Release();
            if (!more)
                End(result);
            return;
        }

        // A cancel can miss a multishot that is just running; then it is asked again.
        if (more && _stopAsked)
            socket.Loop.Cancel(this);
        buffer.Fill(result, holder: null);
        socket.Sink.OnReceived(buffer, more);
    }

    private void End(int result)
    {
        if (result == -Errno.ENOBUFS && !_stopAsked && !socket.IsClosing)
        {
            _parked = true;
            socket.Loop.Park(socket);
        }
        else if (result is -Errno.ECANCELED or -Errno.ENOBUFS || (result < 0 && socket.IsClosing))
        {
            socket.Sink.OnReceiveStopped();
        }
        else
        {
            socket.Sink.OnReceiveEnded(result == 0 ? System.Net.Sockets.SocketError.Success : ErrnoMap.ToSocketError(-result));
        }
    }
}
