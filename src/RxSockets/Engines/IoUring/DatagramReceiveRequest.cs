using System.Net.Sockets;
using System.Runtime.InteropServices;
using RxSockets.Buffers;
using RxSockets.Native.Linux;
using static RxSockets.Native.Linux.IoUringAbi;

namespace RxSockets.Engines.IoUring;

/// <summary>
/// The receive of a datagram socket: RECVMSG. The kernel writes a header, the sender's address and the payload into the buffer, each at its fixed place
/// (see <see cref="DatagramLayout"/>). The message header that says how much room the address has is read at every submission: it lives until the close.
/// </summary>
internal sealed unsafe class DatagramReceiveRequest : MultishotReceive
{
    private readonly IoUringDatagramSocket _socket;
    private readonly int _maxDatagramSize;
    private readonly int _bufferSize;
    private readonly msghdr* _message;
    private ReceiveBuffers? _buffers;

    public DatagramReceiveRequest(IoUringDatagramSocket socket, int maxDatagramSize)
        : base(socket.Loop, socket.Descriptor, adapts: false)
    {
        _socket = socket;
        _maxDatagramSize = maxDatagramSize;
        _bufferSize = DatagramLayout.BufferSizeFor(maxDatagramSize);
        _message = (msghdr*)NativeMemory.AllocZeroed((nuint)sizeof(msghdr));
        _message->msg_namelen = DatagramLayout.AddressBytes;
    }

    /// <summary>On the loop's thread.</summary>
    public bool HasBuffers => _buffers is not null;

    protected override bool IsClosing => _socket.IsClosing;

    protected override ReceiveBuffers Buffers => _buffers!;

    protected override byte Opcode => IORING_OP_RECVMSG;

    protected override int LeastResult => DatagramLayout.PayloadOffset;

    /// <summary>Submits, unless the kernel refuses a buffer ring of this size: that is the receive's failure.</summary>
    public void SubmitOrFail()
    {
        try
        {
            _buffers ??= _socket.Loop.DatagramBuffers(_bufferSize);
        }
        catch (RingRefusedException)
        {
            _socket.Sink.OnReceiveStopped(SocketError.NoBufferSpaceAvailable);
            return;
        }

        Submit();
    }

    /// <summary>After the last completion.</summary>
    public void Free() => NativeMemory.Free(_message);

    protected override void Shape(io_uring_sqe* entry)
    {
        entry->addr = (ulong)_message;
        entry->len = 1;
    }

    protected override void Deliver(BufferLease buffer, int result, bool more)
    {
        var header = (io_uring_recvmsg_out*)buffer.Pointer;
        int length = Math.Min(result - DatagramLayout.PayloadOffset, _maxDatagramSize);
        // The kernel's word for a datagram that was longer than the buffer; our limit may be lower than that.
        bool truncated = (header->flags & LinuxConstants.MSG_TRUNC) != 0 || result - DatagramLayout.PayloadOffset > _maxDatagramSize;
        buffer.FillDatagram((int)header->namelen, length, truncated);
        _socket.Sink.OnReceived(buffer, more);
    }

    protected override void TellStopped() => _socket.Sink.OnReceiveStopped(SocketError.Success);

    protected override void TellEnded(int result) => _socket.Sink.OnReceiveStopped(ErrnoMap.ToSocketError(-result));

    protected override void TellClosed() => _socket.OnDescriptorClosed();

    protected override void FinishCloseIfIdle() => _socket.FinishCloseIfIdle();
}
