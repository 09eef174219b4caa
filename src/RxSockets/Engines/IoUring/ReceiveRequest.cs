using System.Net.Sockets;
using RxSockets.Buffers;
using static RxSockets.Native.Linux.IoUringAbi;

namespace RxSockets.Engines.IoUring;

/// <summary>The receive of a stream socket: RECV; 0 is the peer's FIN.</summary>
internal sealed class ReceiveRequest(IoUringSocket socket) : MultishotReceive(socket.Loop, socket.Descriptor, adapts: true)
{
    protected override bool IsClosing => socket.IsClosing;

    protected override ReceiveBuffers Buffers => socket.Loop.Buffers;

    protected override byte Opcode => IORING_OP_RECV;

    protected override int LeastResult => 1;

    protected override void Deliver(BufferLease buffer, int result, bool more)
    {
        buffer.Fill(result, holder: null);
        socket.Sink.OnReceived(buffer, more);
    }

    protected override void TellStopped() => socket.Sink.OnReceiveStopped();

    protected override void TellEnded(int result) =>
        socket.Sink.OnReceiveEnded(result == 0 ? SocketError.Success : ErrnoMap.ToSocketError(-result));

    protected override void TellClosed() => socket.OnDescriptorClosed();

    protected override void FinishCloseIfIdle() => socket.FinishCloseIfIdle();
}
