using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using RxSockets.Native.Linux;
using static RxSockets.Native.Linux.IoUringAbi;

namespace RxSockets.Engines.IoUring;

/// <summary>
/// One io_uring: its descriptor, its mapped queues, and the arithmetic on them. Not thread-safe: made disabled by any thread, then owned by the
/// thread that calls <see cref="Enable"/> (SINGLE_ISSUER). The queues' memory is the kernel's as well: heads and tails are read and
/// written with acquire and release, entries only between them.
/// </summary>
internal sealed unsafe class Ring : IDisposable
{
    /// <summary>What the engine cannot do without. NO_SQARRAY (6.6) is taken where it is accepted.</summary>
    public const uint RequiredFlags = IORING_SETUP_R_DISABLED | IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN
        | IORING_SETUP_COOP_TASKRUN | IORING_SETUP_TASKRUN_FLAG | IORING_SETUP_SUBMIT_ALL | IORING_SETUP_CLAMP | IORING_SETUP_CQSIZE;

    // The flag came with 6.10; until 6.16 kernels were mended in how much of the last buffer they used and how many they took.
    private static readonly bool s_bundlesWork = Environment.OSVersion.Version >= new Version(6, 17);

    private const uint LeastEntries = 256;
    private const int EintrTries = 16;

    private readonly IRingSystem _system;
    private readonly EngineStatistics? _statistics;
    private readonly int _fd;
    private readonly nint _rings;
    private readonly nuint _ringsLength;
    private readonly nint _entries;
    private readonly nuint _entriesLength;
    private readonly uint* _sqHead;
    private readonly uint* _sqTail;
    private readonly uint* _sqFlags;
    private readonly uint _sqMask;
    private readonly uint* _cqHead;
    private readonly uint* _cqTail;
    private readonly uint _cqMask;
    private readonly io_uring_cqe* _cqes;
    private uint _tail;
    private bool _disposed;

    public Ring(uint submissionEntries, uint completionEntries, EngineStatistics? statistics = null, IRingSystem? system = null)
    {
        _system = system ?? KernelRingSystem.Instance;
        _statistics = statistics;
        io_uring_params parameters = default;
        _fd = Make(submissionEntries, completionEntries, &parameters);
        try
        {
            if ((parameters.features & IORING_FEAT_SINGLE_MMAP) == 0 || (parameters.features & IORING_FEAT_EXT_ARG) == 0 || (parameters.features & IORING_FEAT_NODROP) == 0)
                throw RingRefusedException.From(Errno.EINVAL, "looking at the ring's features");
            SubmissionEntries = parameters.sq_entries;
            Bundles = (parameters.features & IORING_FEAT_RECVSEND_BUNDLE) != 0 && s_bundlesWork;
            CompletionEntries = parameters.cq_entries;
            _ringsLength = (nuint)Math.Max(parameters.sq_off.array + ((long)parameters.sq_entries * sizeof(uint)),
                parameters.cq_off.cqes + ((long)parameters.cq_entries * sizeof(io_uring_cqe)));
            _rings = Map(_ringsLength, IORING_OFF_SQ_RING);
            _entriesLength = (nuint)((long)parameters.sq_entries * sizeof(io_uring_sqe));
            _entries = Map(_entriesLength, IORING_OFF_SQES);
        }
        catch
        {
            Dispose();
            throw;
        }

        byte* rings = (byte*)_rings;
        _sqHead = (uint*)(rings + parameters.sq_off.head);
        _sqTail = (uint*)(rings + parameters.sq_off.tail);
        _sqFlags = (uint*)(rings + parameters.sq_off.flags);
        _sqMask = *(uint*)(rings + parameters.sq_off.ring_mask);
        _cqHead = (uint*)(rings + parameters.cq_off.head);
        _cqTail = (uint*)(rings + parameters.cq_off.tail);
        _cqMask = *(uint*)(rings + parameters.cq_off.ring_mask);
        _cqes = (io_uring_cqe*)(rings + parameters.cq_off.cqes);
        if ((parameters.flags & IORING_SETUP_NO_SQARRAY) == 0)
        {
            uint* array = (uint*)(rings + parameters.sq_off.array);
            for (uint i = 0; i < SubmissionEntries; i++)
                array[i] = i;
        }
    }

    public uint SubmissionEntries { get; }

    public uint CompletionEntries { get; }

    /// <summary>One receive may fill several provided buffers.</summary>
    public bool Bundles { get; }

    /// <summary>Entries written and not consumed by the kernel yet.</summary>
    public uint Queued => _tail - Volatile.Read(ref *_sqHead);

    public uint Free => SubmissionEntries - Queued;

    /// <summary>Completions are there, or <see cref="Enter"/> would bring some: told without a system call.</summary>
    public bool HasNews => *_cqHead != Volatile.Read(ref *_cqTail) || (Volatile.Read(ref *_sqFlags) & (IORING_SQ_TASKRUN | IORING_SQ_CQ_OVERFLOW)) != 0;

    /// <summary>Makes the calling thread the owner.</summary>
    public void Enable()
    {
        int result = _system.Register(_fd, IORING_REGISTER_ENABLE_RINGS, null, 0);
        if (result < 0)
            throw RingRefusedException.From(-result, "IORING_REGISTER_ENABLE_RINGS");
    }

    public int Register(uint opcode, void* argument, uint count) => _system.Register(_fd, opcode, argument, count);

    /// <summary>
    /// Makes room for <paramref name="count"/> entries that must be submitted together (a link ends with its submission).
    /// </summary>
    public void Reserve(uint count)
    {
        while (Free < count)
        {
            // Since 5.19 an overflowing completion queue does not refuse submissions; what is left is a kernel short of memory (EAGAIN): it
            // frees some as requests end, so trying again is right.
            Enter(minComplete: 0, timeoutNanoseconds: -1);
        }
    }

    /// <summary>The next entry, zeroed. Submits first when the queue is full, so an entry is never lost.</summary>
    public io_uring_sqe* Next()
    {
        if (Free == 0)
            Reserve(1);
        io_uring_sqe* entry = (io_uring_sqe*)_entries + (_tail & _sqMask);
        Unsafe.InitBlockUnaligned(entry, 0, (uint)sizeof(io_uring_sqe));
        _tail++;
        return entry;
    }

    /// <summary>
    /// Submits what is queued and waits for completions, in one call. The count to submit comes from the head the kernel moved, so what a refused
    /// or interrupted call left behind goes with the next.
    /// </summary>
    public void Enter(uint minComplete, long timeoutNanoseconds)
    {
        Volatile.Write(ref *_sqTail, _tail);
        kernel_timespec time = default;
        io_uring_getevents_arg argument = default;
        uint flags = IORING_ENTER_GETEVENTS;
        void* extra = null;
        nuint extraSize = 0;
        if (timeoutNanoseconds >= 0)
        {
            time.tv_sec = timeoutNanoseconds / 1_000_000_000;
            time.tv_nsec = timeoutNanoseconds % 1_000_000_000;
            argument.ts = (ulong)&time;
            flags |= IORING_ENTER_EXT_ARG;
            extra = &argument;
            extraSize = (nuint)sizeof(io_uring_getevents_arg);
        }

        if (_statistics is not null)
            _statistics.Enters++;
        for (int i = 0; i < EintrTries; i++)
        {
            nint result = Libc.io_uring_enter(LinuxConstants.SYS_io_uring_enter, _fd, Queued, minComplete, flags, extra, extraSize);
            int error = Marshal.GetLastSystemError();
            // EBUSY, EAGAIN: reap, then come again. ETIME: the time is up. All of it is the caller's next round.
            if (result >= 0 || error != Errno.EINTR)
                return;
        }
    }

    /// <summary>Takes one completion off the queue; its place is the kernel's again at once.</summary>
    public bool TryReap(out io_uring_cqe completion)
    {
        uint head = *_cqHead;
        if (head == Volatile.Read(ref *_cqTail))
        {
            completion = default;
            return false;
        }

        completion = _cqes[head & _cqMask];
        Volatile.Write(ref *_cqHead, head + 1);
        return true;
    }

    /// <summary>Order: the descriptor first, which ends the kernel's requests; then the memory they may have used.</summary>
    public void Dispose()
    {
        if (_disposed)
            return;
        _disposed = true;
        _ = Libc.close(_fd);
        if (_rings > 0)
            _ = Libc.munmap((void*)_rings, _ringsLength);
        if (_entries > 0)
            _ = Libc.munmap((void*)_entries, _entriesLength);
    }

    private int Make(uint submissionEntries, uint completionEntries, io_uring_params* parameters)
    {
        uint extra = IORING_SETUP_NO_SQARRAY;
        while (true)
        {
            *parameters = default;
            parameters->flags = RequiredFlags | extra;
            parameters->cq_entries = completionEntries;
            int result = _system.Setup(submissionEntries, parameters);
            if (result >= 0)
                return result;
            if (result == -Errno.EINVAL && extra != 0)
            {
                extra = 0;
                continue;
            }

            // Ring memory counts against RLIMIT_MEMLOCK: smaller rings may still fit.
            if (result == -Errno.ENOMEM && submissionEntries > LeastEntries)
            {
                submissionEntries /= 2;
                completionEntries = Math.Max(submissionEntries, completionEntries / 2);
                continue;
            }

            throw RingRefusedException.From(-result, "io_uring_setup");
        }
    }

    private nint Map(nuint length, ulong offset)
    {
        nint address = _system.Map(length, _fd, offset);
        return address is > -4096 and < 0 ? throw RingRefusedException.From((int)-address, "mmap of the ring") : address;
    }
}
