using System.Net.Sockets;
using RxSockets.Native.Linux;
using RxSockets.Operations;
using static RxSockets.Native.Linux.IoUringAbi;

namespace RxSockets.Engines.IoUring;

/// <summary>
/// The transmit of a socket. What is in memory is sent by the loop, a share at a time so that other sockets go on; what a disk would have to bring is sent by
/// a worker; a full socket is polled by the ring. On the loop's thread but for <see cref="Begin"/> and <see cref="TryAtOnce"/>, which come before
/// the loop knows of it, and for its run on a worker.
/// </summary>
internal sealed unsafe class TransmitRequest(IoUringSocket socket) : IoUringRequest, IFileWork
{
    private const long LoopShare = 1 << 20;
    private const long WorkerShare = 4 << 20;

    private readonly TransmitCursor _cursor = new(socket.Descriptor);
    private TransmitStop _workerStop;
    private long _told;
    private bool _polling;
    private bool _working;
    private volatile bool _cancelAsked;

    /// <summary>The kernel, a worker or the loop's queue has it.</summary>
    public bool InFlight { get; private set; }

    public long Sent => _cursor.Sent;

    public void Begin(TransmitBatch batch)
    {
        _cursor.Begin(batch);
        socket.Loop.Statistics.Submitted(Verb.Transmit);
        _cancelAsked = false;
        _told = 0;
    }

    /// <summary>Sends what goes without waiting. True: it ended here and now; false: <see cref="Proceed"/> is to go on with it.</summary>
    public bool TryAtOnce(out SocketError error)
    {
        TransmitStop stop = _cursor.Run(LoopShare, mayWait: false);
        error = SocketError.Success;
        if (stop is not (TransmitStop.Done or TransmitStop.Failed))
            return false;
        error = ErrorOf(stop);
        _cursor.End();
        socket.Loop.Statistics.Completed(Verb.Transmit);
        return true;
    }

    /// <summary>It was started, or has had its pause.</summary>
    public void Proceed()
    {
        InFlight = true;
        if (_polling || _working)
            return;
        if (_cancelAsked || socket.IsClosing)
            End(_cursor.IsDone ? SocketError.Success : SocketError.OperationAborted);
        else
            Continue(_cursor.Run(LoopShare, mayWait: false));
    }

    /// <summary>A worker is done with its share.</summary>
    public void WorkerDone()
    {
        _working = false;
        if (_workerStop is TransmitStop.Done or TransmitStop.Failed || !(_cancelAsked || socket.IsClosing))
            Continue(_workerStop);
        else
            End(SocketError.OperationAborted);
    }

    public void Cancel()
    {
        if (!InFlight)
            return;
        _cancelAsked = true;
        if (_polling)
            socket.Loop.Cancel(this);
    }

    void IFileWork.RunOnWorker()
    {
        // Cancelled before its turn it has done nothing, whatever the run before it came to.
        _workerStop = TransmitStop.Paused;
        // Shorter than a worker's share, so that a cancel is heeded soon.
        for (long left = WorkerShare; left > 0 && !_cancelAsked; left -= LoopShare)
        {
            _workerStop = _cursor.Run(LoopShare, mayWait: true);
            if (_workerStop != TransmitStop.Paused)
                break;
        }

        socket.TransmitWorkerDone();
    }

    public override void OnCompletion(int result, uint flags)
    {
        _polling = false;
        Proceed();
    }

    private void Continue(TransmitStop stop)
    {
        switch (stop)
        {
            case TransmitStop.SocketFull:
                _polling = true;
                socket.Loop.Prepare(this, IORING_OP_POLL_ADD, socket.Descriptor)->op_flags = LinuxConstants.POLLOUT;
                break;
            case TransmitStop.Cold:
                _working = true;
                Interlocked.Increment(ref socket.Loop.Statistics.ColdTransmits);
                socket.Loop.FileWorkers.Add(this);
                break;
            case TransmitStop.Paused:
                socket.ProceedTransmit();
                break;
            default:
                End(ErrorOf(stop));
                return;
        }

        if (_working || Sent == _told)
            return;
        _told = Sent;
        socket.Sink.OnTransmitProgress(Sent);
    }

    private void End(SocketError error)
    {
        _cursor.End();
        InFlight = false;
        socket.Loop.Statistics.Completed(Verb.Transmit);
        socket.Sink.OnSendCompleted(Sent, error);
        socket.FinishCloseIfIdle();
    }

    private SocketError ErrorOf(TransmitStop stop) => stop == TransmitStop.Done && _cursor.IsDone ? SocketError.Success
        : _cursor.Error == 0 ? SocketError.InvalidArgument
        : ErrnoMap.ToSocketError(_cursor.Error);
}
