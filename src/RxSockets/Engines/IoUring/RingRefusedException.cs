
namespace RxSockets.Engines.IoUring;

/// <summary>The kernel would not make the ring; the message is for people.</summary>
internal sealed class RingRefusedException(int errno, string message) : Exception(message)
{
    public int Errno => errno;

    public static RingRefusedException From(int errno, string doing) => new(errno, errno switch
    {
        Native.Linux.Errno.EPERM => $"io_uring is forbidden here (EPERM at {doing}): a seccomp filter, as in Docker, or the sysctl kernel.io_uring_disabled.",
        Native.Linux.Errno.ENOSYS => $"this kernel, or a filter in front of it as in podman, has no io_uring (ENOSYS at {doing}).",
        Native.Linux.Errno.ENOMEM => $"the ring's memory could not be locked (ENOMEM at {doing}): it counts against RLIMIT_MEMLOCK; raise that limit (ulimit -l), or use fewer or smaller rings.",
        Native.Linux.Errno.EINVAL => $"the kernel is too old (EINVAL at {doing}): 6.1 or later is needed.",
        _ => $"{doing} failed with errno {errno}.",
    });
}
