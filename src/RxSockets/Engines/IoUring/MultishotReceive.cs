using RxSockets.Buffers;
using RxSockets.Native.Linux;
using static RxSockets.Native.Linux.IoUringAbi;

namespace RxSockets.Engines.IoUring;

/// <summary>
/// A multishot receive into provided buffers, whatever the kind of socket. On the loop's thread. Without F_MORE it is over, whatever the result; -ENOBUFS is
/// flow control: it is parked until a buffer comes back. Its last request closes the descriptor.
/// </summary>
internal abstract unsafe class MultishotReceive(IoUringLoop loop, int descriptor) : IoUringRequest, IParkedReceive
{
    private bool _armed;
    private bool _parked;
    private bool _stopAsked;
    private bool _closeSubmitted;

    /// <summary>The kernel has it, or it waits for a buffer.</summary>
    public bool InFlight => _armed || _parked;

    protected abstract bool IsClosing { get; }

    protected abstract ReceiveBuffers Buffers { get; }

    protected abstract byte Opcode { get; }

    /// <summary>An empty result is something to deliver (a datagram), not an end.</summary>
    protected abstract int LeastResult { get; }

    public void Submit()
    {
        if (InFlight || IsClosing)
        {
            // Closing and starting crossed: the start still gets its end.
            if (!InFlight)
                TellStopped();
            return;
        }

        _armed = true;
        _stopAsked = false;
        loop.Statistics.Submitted(Verb.Receive);
        io_uring_sqe* entry = loop.Prepare(this, Opcode, descriptor);
        entry->flags = IOSQE_BUFFER_SELECT;
        entry->ioprio = IORING_RECV_MULTISHOT;
        entry->buf_group = Buffers.Group;
        Shape(entry);
    }

    /// <summary>Asks the kernel to end the receive it has; false where it has none.</summary>
    public bool TryStopArmed()
    {
        if (!_armed)
            return false;
        _stopAsked = true;
        loop.Cancel(this);
        return true;
    }

    /// <summary>Only from the posted queue: a parked receive ends at once, and that is told.</summary>
    public void Stop()
    {
        if (!TryStopArmed() && _parked)
        {
            // It stays in the list of the parked, and is passed over there.
            _parked = false;
            TellStopped();
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
        loop.Statistics.Submitted(Verb.Close);
        loop.Prepare(this, IORING_OP_CLOSE, descriptor);
    }

    public override void OnCompletion(int result, uint flags)
    {
        if (_closeSubmitted)
        {
            loop.Statistics.Completed(Verb.Close);
            TellClosed();
            return;
        }

        bool more = (flags & IORING_CQE_F_MORE) != 0;
        _armed = more;
        loop.Statistics.Completed(Verb.Receive);
        if ((flags & IORING_CQE_F_BUFFER) != 0)
            Take(Buffers.Take(flags), result, more);
        else if (!more)
            End(result);
        FinishCloseIfIdle();
    }

    /// <summary>What is special about the entry.</summary>
    protected virtual void Shape(io_uring_sqe* entry)
    {
    }

    /// <summary>Fills the lease and tells the sink.</summary>
    protected abstract void Deliver(BufferLease buffer, int result, bool more);

    protected abstract void TellStopped();

    /// <summary>The result is 0 (end of stream) or a negative errno that is neither flow control nor our own doing.</summary>
    protected abstract void TellEnded(int result);

    protected abstract void TellClosed();

    protected abstract void FinishCloseIfIdle();

    private void Take(BufferLease buffer, int result, bool more)
    {
        if (result < LeastResult)
        {
            buffer.Fill(0, holder: null);
            buffer.Release();
            if (!more)
                End(result);
            return;
        }

        // A cancel can miss a multishot that is just running; then it is asked again.
        if (more && _stopAsked)
            loop.Cancel(this);
        Deliver(buffer, result, more);
    }

    private void End(int result)
    {
        if (result == -Errno.ENOBUFS && !_stopAsked && !IsClosing)
        {
            _parked = true;
            Buffers.Park(this);
        }
        else if (result is -Errno.ECANCELED or -Errno.ENOBUFS || (result < 0 && IsClosing))
        {
            TellStopped();
        }
        else
        {
            TellEnded(result);
        }
    }
}
