using System.Net.Sockets;
using System.Runtime.InteropServices;
using RxSockets.Buffers;
using RxSockets.Native.Linux;
using RxSockets.Operations;
using static RxSockets.Native.Linux.IoUringAbi;
using static RxSockets.Native.Linux.LinuxConstants;

namespace RxSockets.Engines.IoUring;

/// <summary>
/// The send of a datagram socket. Several datagrams leave by one sendmmsg, which does not wait; the one that finds the socket's buffer full goes as SENDMSG
/// of the ring, which waits, and the rest follows. So order is kept, and an error belongs to the datagram that met it. Pieces stay pinned and the
/// native arrays filled until the last completion. On the loop's thread but for <see cref="Begin"/> and a first <see cref="TryNow"/>, which come before
/// the loop knows of the send.
/// </summary>
internal sealed unsafe class DatagramSendRequest(IoUringDatagramSocket socket) : IoUringRequest
{
    private PinnedPieces _pins;
    private DatagramBatch? _batch;
    private mmsghdr* _messages;
    private byte* _addresses;
    private iovec* _vector;
    private int _messageCapacity;
    private int _vectorCapacity;
    private bool _waits;
    private bool _cancelAsked;

    public bool InFlight { get; private set; }

    /// <summary>Datagrams taken by the kernel.</summary>
    public int Sent { get; private set; }

    private int Left => _batch!.Count - Sent;

    /// <summary>Pins the batch and describes it to the kernel; throws what a piece's owner throws, and has pinned nothing then. The owner's lock keeps sends one at a time.</summary>
    public void Begin(DatagramBatch batch)
    {
        _batch = batch;
        Sent = 0;
        _waits = false;
        _cancelAsked = false;
        Reserve(batch.Count, batch.Pieces.Length);
        _pins.Pin(batch.Pieces, DatagramBatch.MaxDatagrams);
        for (int i = 0; i < batch.Pieces.Length; i++)
            _vector[i] = new iovec { iov_base = _pins.Pointer(i), iov_len = (nuint)batch.Pieces[i].Length };

        for (int i = 0; i < batch.Count; i++)
        {
            DatagramBatch.Entry entry = batch.Datagrams[i];
            msghdr* message = &_messages[i].msg_hdr;
            *message = new msghdr { msg_iov = _vector + entry.FirstPiece, msg_iovlen = (nuint)entry.PieceCount };
            if (entry.Destination is { } destination)
            {
                message->msg_name = _addresses + (i * DatagramLayout.AddressBytes);
                message->msg_namelen = (uint)destination.Size;
                destination.Buffer.Span[..destination.Size].CopyTo(new Span<byte>(message->msg_name, DatagramLayout.AddressBytes));
            }
        }
    }

    /// <summary>True when the batch ended here and now; false: the next datagram has to wait for room.</summary>
    public bool TryNow(out SocketError error)
    {
        error = SocketError.Success;
        while (Left > 0)
        {
            Interlocked.Increment(ref socket.Loop.Statistics.DirectSends);
            int result = Libc.sendmmsg(socket.Descriptor, _messages + Sent, (uint)Left, MSG_DONTWAIT | MSG_NOSIGNAL);
            int errno = Marshal.GetLastSystemError();
            // An error behind datagrams that left is told by the next call, unless it was ICMP's: then that call simply goes on.
            if (result >= 0)
            {
                Sent += result;
            }
            else if (errno == Errno.EAGAIN)
            {
                _waits = true;
                return false;
            }
            else if (errno != Errno.EINTR)
            {
                error = ErrnoMap.ToSocketError(errno);
                break;
            }
        }

        Unpin();
        return true;
    }

    /// <summary>Goes on with what is left: at once where that may work, else by a request that waits.</summary>
    public void Submit()
    {
        InFlight = true;
        if (!_waits && Left > 1 && TryNow(out SocketError error))
        {
            Finish(error);
            return;
        }

        socket.Loop.Statistics.Submitted(Verb.Send);
        io_uring_sqe* entry = socket.Loop.Prepare(this, IORING_OP_SENDMSG, socket.Descriptor);
        entry->addr = (ulong)(&_messages[Sent].msg_hdr);
        entry->len = 1;
        entry->op_flags = MSG_NOSIGNAL;
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
        _waits = false;
        if (result >= 0)
            Sent++;
        if (Left > 0 && !_cancelAsked && result is >= 0 or -Errno.EINTR)
        {
            Submit();
            return;
        }

        SocketError error = Left == 0 ? SocketError.Success
            : _cancelAsked || result >= 0 ? SocketError.OperationAborted
            : ErrnoMap.ToSocketError(-result);
        Unpin();
        Finish(error);
    }

    /// <summary>After the last completion.</summary>
    public void Free()
    {
        NativeMemory.Free(_messages);
        NativeMemory.Free(_addresses);
        NativeMemory.Free(_vector);
        _messages = null;
        _addresses = null;
        _vector = null;
    }

    private void Finish(SocketError error)
    {
        InFlight = false;
        socket.Sink.OnSendCompleted(Sent, error);
        socket.FinishCloseIfIdle();
    }

    private void Reserve(int datagrams, int pieces)
    {
        if (_messageCapacity < datagrams)
        {
            _messageCapacity = datagrams == 1 ? 1 : DatagramBatch.MaxDatagrams;
            NativeMemory.Free(_messages);
            NativeMemory.Free(_addresses);
            _messages = (mmsghdr*)NativeMemory.AllocZeroed((nuint)_messageCapacity, (nuint)sizeof(mmsghdr));
            _addresses = (byte*)NativeMemory.AllocZeroed((nuint)_messageCapacity, DatagramLayout.AddressBytes);
        }

        if (_vectorCapacity < pieces)
        {
            _vectorCapacity = pieces == 1 ? 1 : Math.Max(pieces, DatagramBatch.MaxDatagrams);
            NativeMemory.Free(_vector);
            _vector = (iovec*)NativeMemory.Alloc((nuint)_vectorCapacity, (nuint)sizeof(iovec));
        }
    }

    private void Unpin()
    {
        _pins.Unpin();
        _batch = null;
    }
}
