using System.Runtime.InteropServices;
using RxSockets.Native.Linux;

namespace RxSockets.Engines.IoUring;

/// <summary>
/// The system calls that make a ring. Tests put refusals in their place; the hot path (enter) never goes through it. Results are those of
/// the kernel: 0 or more, or a negative errno.
/// </summary>
internal unsafe interface IRingSystem
{
    int Setup(uint entries, io_uring_params* parameters);

    int Register(int ring, uint opcode, void* argument, uint count);

    /// <summary>The mapping, or a negative errno as a pointer value from -4095 to -1.</summary>
    nint Map(nuint length, int ring, ulong offset);
}

/// <summary>The kernel's own.</summary>
internal sealed unsafe class KernelRingSystem : IRingSystem
{
    public static readonly KernelRingSystem Instance = new();

    public int Setup(uint entries, io_uring_params* parameters)
    {
        int result = (int)Libc.io_uring_setup(LinuxConstants.SYS_io_uring_setup, entries, parameters);
        return result >= 0 ? result : -Marshal.GetLastSystemError();
    }

    public int Register(int ring, uint opcode, void* argument, uint count)
    {
        int result = (int)Libc.io_uring_register(LinuxConstants.SYS_io_uring_register, ring, opcode, argument, count);
        return result >= 0 ? result : -Marshal.GetLastSystemError();
    }

    public nint Map(nuint length, int ring, ulong offset)
    {
        void* address = Libc.mmap(null, length, LinuxConstants.PROT_READ | LinuxConstants.PROT_WRITE,
            LinuxConstants.MAP_SHARED | LinuxConstants.MAP_POPULATE, ring, (long)offset);
        int error = Marshal.GetLastSystemError();
        if ((nint)address == -1)
            return -error;
        // A forked child must not get at the ring through our memory.
        _ = Libc.madvise(address, length, LinuxConstants.MADV_DONTFORK);
        return (nint)address;
    }
}
