using RxSockets.Buffers;
using RxSockets.Native.Linux;
using static RxSockets.Native.Linux.IoUringAbi;

namespace RxSockets.Engines.IoUring;

/// <summary>
/// A receive into provided buffers that goes on by itself, whatever the kind of socket. On the loop's thread. Small pieces come by a multishot request; without F_MORE
/// that is over, whatever the result. Bulk, buffers filled to their end, comes by one request for some buffers together (IORING_RECVSEND_BUNDLE), or for each where the kernel
/// has no such: a multishot takes all the buffers of the ring in one go before a stop reaches it. -ENOBUFS is flow control: it is parked until a buffer comes back. Its last request closes the descriptor.
/// </summary>
internal abstract unsafe class MultishotReceive(IoUringLoop loop, int descriptor, bool adapts) : IoUringRequest, IParkedReceive
{
    private readonly bool _adapts = adapts;

    // In the kernel, or about to be again: it goes on unless it is stopped.
    private bool _armed;
    private bool _inKernel;
    private bool _multishot;
    // At first, too: a connection that says one thing and goes needs no multishot, and none is to be cancelled then.
    private bool _bulk = adapts;
    private int _fullInARow;
    private bool _switching;
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

        _stopAsked = false;
        SubmitEntry();
    }

    /// <summary>Asks the kernel to end the receive it has; false where it has none.</summary>
    public bool TryStopArmed()
    {
        if (!_armed)
            return false;
        _stopAsked = true;
        if (_inKernel)
            loop.Cancel(this);
        return true;
    }

    private void SubmitEntry()
    {
        _armed = _inKernel = true;
        _multishot = !_bulk;
        _switching = false;
        loop.Statistics.Submitted(Verb.Receive);
        io_uring_sqe* entry = loop.Prepare(this, Opcode, descriptor);
        entry->flags = IOSQE_BUFFER_SELECT;
        if (_multishot)
        {
            entry->ioprio = IORING_RECV_MULTISHOT;
        }
        else if (_fullInARow > 0 && loop.BundleBytes > 0)
        {
            entry->ioprio = IORING_RECVSEND_BUNDLE;
            // One byte more than fits: a receive that fills all it was given is otherwise tried again by the kernel for everything that is queued, up to all the
            // buffers of the ring (io_recv_finish), and a connection then held hundreds of KiB. One that was given less than it asked for is not.
            entry->len = (uint)loop.BundleBytes + 1;
        }

        entry->buf_group = Buffers.Group;
        Shape(entry);
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

        _inKernel = (flags & IORING_CQE_F_MORE) != 0;
        _armed = _inKernel;
        loop.Statistics.Completed(Verb.Receive);
        if ((flags & IORING_CQE_F_BUFFER) != 0)
            Take(result, flags);
        else if (!_armed)
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

    private void Take(int result, uint flags)
    {
        int size = Buffers.BufferSize;
        if (result > size)
        {
            TakeBundle(result, flags, size);
            return;
        }

        BufferLease buffer = Buffers.Take(flags);
        if (result < LeastResult)
        {
            buffer.Fill(0, holder: null);
            buffer.Release();
            if (!_armed)
                End(result);
            return;
        }

        bool goesOn = BeginTelling(result, size);
        Deliver(buffer, result, _armed);
        EndTelling(goesOn);
    }

    private void TakeBundle(int result, uint flags, int size)
    {
        LeaseList buffers = default;
        Buffers.Take(flags, (result + size - 1) / size, ref buffers);
        bool goesOn = BeginTelling(result, size);
        for (int left = result; left > 0; left -= size)
            Deliver(buffers.Unlink(), Math.Min(left, size), left > size || _armed);
        EndTelling(goesOn);
    }

    private bool BeginTelling(int result, int size)
    {
        NoteSize(result, size);
        // A single request goes on as a multishot does, unless the sink stops it while it is told, or it is being closed.
        bool goesOn = !_inKernel && !_multishot && !_stopAsked && !IsClosing;
        _armed |= goesOn;
        // A cancel can miss a multishot that is just running; then it is asked again.
        if (_inKernel && _stopAsked)
            loop.Cancel(this);
        return goesOn;
    }

    private void EndTelling(bool goesOn)
    {
        if (!goesOn)
            return;
        if (!_stopAsked)
        {
            SubmitEntry();
            return;
        }

        _armed = false;
        TellStopped();
    }

    // Two buffers in a row that were filled to their end are bulk: a multishot is then ended, to go on with single requests. One that fills none ends the bulk.
    private void NoteSize(int result, int size)
    {
        _fullInARow = _adapts && result >= size ? _fullInARow + 1 : 0;
        _bulk = _fullInARow > (_multishot ? 1 : 0);
        if (!_bulk || !_multishot || !_inKernel || _stopAsked || _switching)
            return;
        _switching = true;
        loop.Cancel(this);
    }

    private void End(int result)
    {
        if (result == -Errno.ENOBUFS && !_stopAsked && !IsClosing)
        {
            _parked = true;
            Buffers.Park(this);
        }
        else if (result == -Errno.ECANCELED && _switching && !_stopAsked && !IsClosing)
        {
            _bulk = true;
            SubmitEntry();
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
