using System.Runtime.InteropServices;
using RxSockets.Native.Linux;
using static RxSockets.Native.Linux.IoUringAbi;

namespace RxSockets.Engines.IoUring;

/// <summary>
/// Takes the connection off a descriptor once both FINs were seen: connect(AF_UNSPEC). Only when the kernel says TCP_CLOSE: in LAST_ACK the dissolving would
/// throw away what the peer has not acknowledged, so until then it looks again, 1 ms later and doubling. On the loop's thread.
/// </summary>
internal sealed unsafe class RecycleRequest(IoUringSocket socket) : IoUringRequest
{
    private const long FirstPause = 1_000_000;
    private const long LongestPause = 64_000_000;

    private kernel_timespec* _time;
    private long _pause = FirstPause;

    /// <summary>A pause runs.</summary>
    public bool InFlight { get; private set; }

    public void Try()
    {
        if (LinuxSocket.IsClosedState(socket.Descriptor))
        {
            Free();
            socket.Recycled();
            return;
        }

        if (_time is null)
            _time = (kernel_timespec*)NativeMemory.AllocZeroed((nuint)sizeof(kernel_timespec));
        _time->tv_nsec = _pause;
        _pause = Math.Min(_pause * 2, LongestPause);
        InFlight = true;
        io_uring_sqe* entry = socket.Loop.Prepare(this, IORING_OP_TIMEOUT, fd: -1);
        entry->addr = (ulong)_time;
        entry->len = 1;
    }

    public void Cancel()
    {
        if (InFlight)
            socket.Loop.Cancel(this);
    }

    public override void OnCompletion(int result, uint flags)
    {
        InFlight = false;
        if (!socket.IsClosing)
        {
            Try();
            return;
        }

        Free();
        socket.FinishCloseIfIdle();
    }

    private void Free()
    {
        socket.Loop.Requests.Remove(this);
        NativeMemory.Free(_time);
        _time = null;
    }
}
