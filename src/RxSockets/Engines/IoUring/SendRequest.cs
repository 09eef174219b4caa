using System.Net.Sockets;
using System.Runtime.InteropServices;
using RxSockets.Native.Linux;
using RxSockets.Operations;
using static RxSockets.Native.Linux.IoUringAbi;
using static RxSockets.Native.Linux.LinuxConstants;

namespace RxSockets.Engines.IoUring;

/// <summary>
/// The send of a socket: SEND for one piece, SENDMSG for several, with MSG_WAITALL so that the kernel goes on by itself; what is still left over goes
/// again. The pieces stay pinned, and the native array of them allocated, until the last completion. On the loop's thread but for
/// <see cref="Begin"/> and <see cref="TryDirect"/>, which come before the loop knows of the send.
/// </summary>
internal sealed unsafe class SendRequest(IoUringSocket socket) : IoUringRequest
{
    private const int Flags = MSG_WAITALL | MSG_NOSIGNAL;

    private PinnedPieces _pins;
    private SendBatch? _batch;
    private msghdr* _message;
    private iovec* _vector;
    private int _capacity;
    private bool _cancelAsked;

    public bool InFlight { get; private set; }

    public long Sent { get; private set; }

    /// <summary>Pins the batch; throws what a piece's owner throws, and has pinned nothing then. The caller's lock keeps sends one at a time.</summary>
    public void Begin(SendBatch batch)
    {
        _batch = batch;
        Sent = 0;
        _cancelAsked = false;
        _pins.Pin(batch.Pieces, 8);
    }

    /// <summary>True when the send ended here and now; false: the rest is to be submitted.</summary>
    public bool TryDirect(out SocketError error)
    {
        Interlocked.Increment(ref socket.Loop.Statistics.DirectSends);
        nint result;
        int errno;
        if (_batch!.Count == 1)
        {
            result = Libc.send(socket.Descriptor, _pins.Pointer(0), (nuint)_batch.Bytes, MSG_DONTWAIT | MSG_NOSIGNAL);
            errno = Marshal.GetLastSystemError();
        }
        else
        {
            FillVector();
            result = Libc.sendmsg(socket.Descriptor, _message, MSG_DONTWAIT | MSG_NOSIGNAL);
            errno = Marshal.GetLastSystemError();
        }

        error = SocketError.Success;
        if (result < 0 && errno is Errno.EAGAIN or Errno.EINTR)
            return false;
        if (result < 0)
            error = ErrnoMap.ToSocketError(errno);
        else
            Sent += result;
        if (error == SocketError.Success && Sent < _batch.Bytes)
            return false;
        Unpin();
        return true;
    }

    public void Submit()
    {
        InFlight = true;
        socket.Loop.Statistics.Submitted(Verb.Send);
        if (_batch!.Count == 1)
        {
            io_uring_sqe* entry = socket.Loop.Prepare(this, IORING_OP_SEND, socket.Descriptor);
            entry->addr = (ulong)(_pins.Pointer(0) + Sent);
            entry->len = (uint)(_batch.Bytes - Sent);
            entry->op_flags = Flags;
        }
        else
        {
            FillVector();
            io_uring_sqe* entry = socket.Loop.Prepare(this, IORING_OP_SENDMSG, socket.Descriptor);
            entry->addr = (ulong)_message;
            entry->len = 1;
            entry->op_flags = Flags;
        }

        // A close that came before the send: it ends like every other.
        if (socket.IsClosing)
            Cancel();
    }

    public void Cancel()
    {
        if (!InFlight)
            return;
        _cancelAsked = true;
        socket.Loop.Cancel(this);
    }

    public override void OnCompletion(int result, uint flags)
    {
        socket.Loop.Statistics.Completed(Verb.Send);
        if (result > 0)
            Sent += result;
        bool again = result > 0 ? Sent < _batch!.Bytes : result == -Errno.EINTR;
        if (again && !_cancelAsked)
        {
            Submit();
            return;
        }

        InFlight = false;
        SocketError error = Sent == _batch!.Bytes ? SocketError.Success
            : again || _cancelAsked ? SocketError.OperationAborted
            : ErrnoMap.ToSocketError(-result);
        Unpin();
        socket.Sink.OnSendCompleted(Sent, error);
        socket.FinishCloseIfIdle();
    }

    /// <summary>After the last completion.</summary>
    public void Free()
    {
        NativeMemory.Free(_message);
        NativeMemory.Free(_vector);
        _message = null;
        _vector = null;
        _capacity = 0;
    }

    // The array of what is not sent yet. The kernel reads it when the entry is submitted and, for a retry, later: it lives until the completion.
    private void FillVector()
    {
        if (_message is null)
            _message = (msghdr*)NativeMemory.AllocZeroed((nuint)sizeof(msghdr));
        if (_capacity < _batch!.Count)
        {
            NativeMemory.Free(_vector);
            _capacity = Math.Max(_batch.Count, 8);
            _vector = (iovec*)NativeMemory.Alloc((nuint)_capacity, (nuint)sizeof(iovec));
        }

        long skip = Sent;
        int count = 0;
        for (int i = 0; i < _batch.Count; i++)
        {
            long length = _batch.Pieces[i].Length;
            if (skip >= length)
            {
                skip -= length;
                continue;
            }

            _vector[count++] = new iovec { iov_base = _pins.Pointer(i) + skip, iov_len = (nuint)(length - skip) };
            skip = 0;
        }

        _message->msg_iov = _vector;
        _message->msg_iovlen = (nuint)count;
    }

    private void Unpin()
    {
        _pins.Unpin();
        _batch = null;
    }
}
