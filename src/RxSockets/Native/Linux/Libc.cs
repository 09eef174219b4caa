using System.Runtime.InteropServices;

#pragma warning disable CS8981 // Kernel and libc structures keep their native spelling.

namespace RxSockets.Native.Linux;

/// <summary>struct iovec.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct iovec
{
    public void* iov_base;
    public nuint iov_len;
}

/// <summary>struct msghdr (64 bit).</summary>
[StructLayout(LayoutKind.Explicit, Size = 56)]
internal unsafe struct msghdr
{
    [FieldOffset(0)] public void* msg_name;
    [FieldOffset(8)] public uint msg_namelen;
    [FieldOffset(16)] public iovec* msg_iov;
    [FieldOffset(24)] public nuint msg_iovlen;
    [FieldOffset(32)] public void* msg_control;
    [FieldOffset(40)] public nuint msg_controllen;
    [FieldOffset(48)] public int msg_flags;
}

/// <summary>struct mmsghdr (64 bit).</summary>
[StructLayout(LayoutKind.Explicit, Size = 64)]
internal struct mmsghdr
{
    [FieldOffset(0)] public msghdr msg_hdr;
    [FieldOffset(56)] public uint msg_len;
}

/// <summary>struct ip_mreqn.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct ip_mreqn
{
    public uint imr_multiaddr, imr_address;
    public int imr_ifindex;
}

/// <summary>struct ipv6_mreq.</summary>
[StructLayout(LayoutKind.Explicit, Size = 20)]
internal unsafe struct ipv6_mreq
{
    [FieldOffset(0)] public fixed byte ipv6mr_multiaddr[16];
    [FieldOffset(16)] public int ipv6mr_interface;
}

/// <summary>struct linger.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct linger
{
    public int l_onoff, l_linger;
}

/// <summary>struct cachestat_range of linux/mman.h.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct cachestat_range
{
    public ulong off, len;
}

/// <summary>struct cachestat of linux/mman.h: pages of a file range.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct cachestat
{
    public ulong nr_cache, nr_dirty, nr_writeback, nr_evicted, nr_recently_evicted;
}

/// <summary>
/// Functions of libc. No SetLastError (the assembly has no runtime marshalling): read Marshal.GetLastSystemError() in the very next statement.
/// </summary>
internal static unsafe class Libc
{
    private const string Library = "libc";

    [DllImport(Library, EntryPoint = "syscall")]
    public static extern nint io_uring_setup(nint number, uint entries, io_uring_params* parameters);

    [DllImport(Library, EntryPoint = "syscall")]
    public static extern nint io_uring_enter(nint number, int fd, uint toSubmit, uint minComplete, uint flags, void* arg, nuint argSize);

    [DllImport(Library, EntryPoint = "syscall")]
    public static extern nint io_uring_register(nint number, int fd, uint opcode, void* arg, uint argCount);

    [DllImport(Library)]
    public static extern void* mmap(void* address, nuint length, int protection, int flags, int fd, long offset);

    [DllImport(Library)]
    public static extern int munmap(void* address, nuint length);

    [DllImport(Library)]
    public static extern int madvise(void* address, nuint length, int advice);

    [DllImport(Library)]
    public static extern int close(int fd);

    [DllImport(Library)]
    public static extern int eventfd(uint initial, int flags);

    [DllImport(Library)]
    public static extern nint write(int fd, void* buffer, nuint count);

    [DllImport(Library)]
    public static extern int socket(int family, int type, int protocol);

    [DllImport(Library)]
    public static extern int bind(int fd, void* address, uint length);

    [DllImport(Library)]
    public static extern int listen(int fd, int backlog);

    [DllImport(Library)]
    public static extern int connect(int fd, void* address, uint length);

    [DllImport(Library)]
    public static extern int shutdown(int fd, int how);

    [DllImport(Library)]
    public static extern int getsockname(int fd, void* address, uint* length);

    [DllImport(Library)]
    public static extern int getpeername(int fd, void* address, uint* length);

    [DllImport(Library)]
    public static extern int setsockopt(int fd, int level, int name, void* value, uint length);

    [DllImport(Library)]
    public static extern int getsockopt(int fd, int level, int name, void* value, uint* length);

    [DllImport(Library)]
    public static extern nint send(int fd, void* buffer, nuint length, int flags);

    [DllImport(Library)]
    public static extern nint sendmsg(int fd, msghdr* message, int flags);

    [DllImport(Library)]
    public static extern int sendmmsg(int fd, mmsghdr* messages, uint count, int flags);

    [DllImport(Library)]
    public static extern nint sendfile(int socket, int file, long* offset, nuint count);

    [DllImport(Library)]
    public static extern nint preadv2(int fd, iovec* vector, int count, long offset, int flags);

    [DllImport(Library, EntryPoint = "syscall")]
    public static extern nint cachestat(nint number, int fd, cachestat_range* range, cachestat* result, uint flags);

    [DllImport(Library)]
    public static extern int fcntl(int fd, int command, nint argument);

    [DllImport(Library)]
    public static extern int ioctl(int fd, nuint request, int* value);

    /// <summary>The policy of a thread (0: the calling one), or -1.</summary>
    [DllImport(Library)]
    public static extern int sched_getscheduler(int thread);

    /// <summary>struct sched_param is one int, the priority. musl refuses (ENOSYS).</summary>
    [DllImport(Library)]
    public static extern int sched_setscheduler(int thread, int policy, int* priority);

    [DllImport(Library)]
    public static extern int statx(int directory, byte* path, int flags, uint mask, void* buffer);

    [DllImport(Library)]
    public static extern int unlink(byte* path);
}
