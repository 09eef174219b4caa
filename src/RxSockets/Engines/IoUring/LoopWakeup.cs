using System.Runtime.InteropServices;
using RxSockets.Native.Linux;
using static RxSockets.Native.Linux.IoUringAbi;

namespace RxSockets.Engines.IoUring;

/// <summary>Wakes a loop that waits in the kernel: an eventfd with a read armed in the ring.</summary>
internal sealed unsafe class LoopWakeup : IoUringRequest, IDisposable
{
    private readonly IoUringLoop _loop;
    private readonly int _event;
    private readonly ulong* _value;

    public LoopWakeup(IoUringLoop loop)
    {
        _loop = loop;
        _event = Libc.eventfd(0, LinuxConstants.EFD_CLOEXEC);
        int error = Marshal.GetLastSystemError();
        if (_event < 0)
            throw RingRefusedException.From(error, "eventfd");
        _value = (ulong*)NativeMemory.AllocZeroed(sizeof(ulong));
    }

    /// <summary>On the loop's thread.</summary>
    public void Arm()
    {
        io_uring_sqe* entry = _loop.Prepare(this, IORING_OP_READ, _event);
        entry->addr = (ulong)_value;
        entry->len = sizeof(ulong);
        entry->off = ulong.MaxValue;
        _loop.Statistics.Submitted(Verb.Wake);
    }

    /// <summary>Any thread.</summary>
    public void Wake()
    {
        ulong one = 1;
        _ = Libc.write(_event, &one, sizeof(ulong));
    }

    public override void OnCompletion(int result, uint flags)
    {
        _loop.Statistics.Completed(Verb.Wake);
        Arm();
    }

    /// <summary>After the ring was closed: the kernel writes into our memory until then.</summary>
    public void Dispose()
    {
        _ = Libc.close(_event);
        NativeMemory.Free(_value);
    }
}
