using RxSockets.Buffers;
using RxSockets.Native.Windows;

namespace RxSockets.Engines.Iocp;

/// <summary>
/// One WSARecvFrom with its buffer, or the peek that waits without one. Everything the kernel writes at its own time lies in the buffer, which is the
/// kernel's until the completion: the payload, the sender's address, and in front of that (see <see cref="DatagramLayout"/>) the address's length and the flags.
/// Guarded by the socket's lock.
/// </summary>
internal sealed unsafe class DatagramReceiveSlot(IocpDatagramReceive receive, IocpDatagramSocket socket, int maxDatagramSize) : IocpRequest(socket.Loop)
{
    private const int FlagsOffset = 4;

    private BufferLease? _buffer;
    private int _failed;
    private bool _unannounced;

    public bool InFlight { get; private set; }

    /// <summary>WSARecvFrom without an OVERLAPPED, which does not block.</summary>
    public static int ReceiveNow(IocpDatagramSocket socket, BufferLease buffer, int maxDatagramSize, out int bytes)
    {
        uint received = 0;
        int code = Call(socket, buffer, maxDatagramSize, &received, overlapped: null);
        bytes = (int)received;
        return code;
    }

    public static int SenderLength(BufferLease buffer) => *(int*)buffer.Pointer;

    public void Receive(BufferLease buffer)
    {
        _buffer = buffer;
        OVERLAPPED* overlapped = Begin(socket.Key);
        uint received = 0;
        Begun(Call(socket, buffer, maxDatagramSize, &received, overlapped), overlapped);
    }

    public void Peek()
    {
        OVERLAPPED* overlapped = Begin(socket.Key);
        Begun(socket.Winsock.Peek(socket.Native, overlapped), overlapped);
    }

    /// <summary>Null after a peek.</summary>
    public BufferLease? TakeBuffer()
    {
        BufferLease? buffer = _buffer;
        _buffer = null;
        InFlight = false;
        return buffer;
    }

    /// <summary>
    /// A datagram that is too long fails the call with WSAEMSGSIZE, and whether a packet comes all the same is a matter of the provider: by the documentation none does;
    /// Wine sends one, for to the kernel it is a warning. So such a call ends with the packet that we post, which is behind the other one if there is one.
    /// </summary>
    public override bool IsEnd(uint bytes)
    {
        // The lock: the call that this is about may not have returned yet.
        lock (socket.Sync)
            return _failed == 0 || bytes == FailureBytes;
    }

    public override void OnCompletion(uint status, uint bytes) =>
        receive.OnCompletion(this, _failed != 0 ? WinsockErrors.FromCode(_failed) : WinsockErrors.FromStatus(status), (int)bytes);

    /// <summary>On the loop's thread: the end of a receive that failed in the call, and for which no packet could be posted.</summary>
    public void TellLate()
    {
        lock (socket.Sync)
        {
            if (!_unannounced)
                return;
            _unannounced = false;
            NotBegun();
        }

        receive.OnCompletion(this, WinsockErrors.FromCode(_failed), bytes: 0);
    }

    // A call that fails is told by a packet of ours.
    private void Begun(int code, OVERLAPPED* overlapped)
    {
        InFlight = true;
        _failed = code is 0 or Win32Error.ERROR_IO_PENDING ? 0 : code;
        if (_failed == 0 || socket.Loop.PostFailure(socket.Key, overlapped) == 0)
            return;
        _unannounced = true;
        receive.TellLate();
    }

    private static int Call(IocpDatagramSocket socket, BufferLease buffer, int maxDatagramSize, uint* received, OVERLAPPED* overlapped)
    {
        byte* at = buffer.Pointer;
        *(int*)at = DatagramLayout.AddressBytes;
        *(uint*)(at + FlagsOffset) = 0;
        var vector = new WSABUF { buf = at + DatagramLayout.PayloadOffset, len = (uint)maxDatagramSize };
        return socket.Winsock.ReceiveFrom(
            socket.Native, &vector, received, (uint*)(at + FlagsOffset), at + DatagramLayout.AddressOffset, (int*)at, overlapped);
    }
}
