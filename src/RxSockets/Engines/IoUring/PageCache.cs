using System.Runtime.InteropServices;
using RxSockets.Native.Linux;

namespace RxSockets.Engines.IoUring;

/// <summary>
/// Whether a file's range is in the page cache, so that sending it does not wait for a disk. An answer may be stale a moment later: it keeps waits rare, it
/// does not exclude them. cachestat (6.5) counts every page, but only for files the process owns or may write, and it counts pages that readahead is only
/// bringing; so a byte here and there is read without waiting as well (RWF_NOWAIT), which sees those. Where cachestat does not answer, that is done
/// closer together: it sees gaps from readahead's size up. Whoever cannot tell says no: a worker then sends.
/// </summary>
internal static unsafe class PageCache
{
    private const int Stride = 256 << 10;
    private const int CloseStride = 64 << 10;

    private static volatile bool s_noCachestat;

    public static bool Holds(int file, long offset, long count)
    {
        // A byte of each page says it all, in less time.
        if (Pages(offset, count) <= 2)
            return HoldsByte(file, offset + count - 1) && (Pages(offset, count) == 1 || HoldsByte(file, offset));
        if (!s_noCachestat)
        {
            var range = new cachestat_range { off = (ulong)offset, len = (ulong)count };
            cachestat found;
            nint result = Libc.cachestat(LinuxConstants.SYS_cachestat, file, &range, &found, 0);
            int error = Marshal.GetLastSystemError();
            if (result == 0)
                return found.nr_cache >= (ulong)Pages(offset, count) && HoldsSamples(file, offset, count, Stride);
            s_noCachestat |= error == Errno.ENOSYS;
        }

        return HoldsSamples(file, offset, count);
    }

    /// <summary>The fallback, by itself for its test.</summary>
    public static bool HoldsSamples(int file, long offset, long count) => HoldsSamples(file, offset, count, CloseStride);

    // The last byte first: what readahead is only bringing is at the end.
    private static bool HoldsSamples(int file, long offset, long count, int stride)
    {
        if (!HoldsByte(file, offset + count - 1))
            return false;
        for (long at = offset; at < offset + count - 1; at += stride)
        {
            if (!HoldsByte(file, at))
                return false;
        }

        return true;
    }

    private static bool HoldsByte(int file, long offset)
    {
        byte value;
        var vector = new iovec { iov_base = &value, iov_len = 1 };
        return Libc.preadv2(file, &vector, 1, offset, LinuxConstants.RWF_NOWAIT) >= 0;
    }

    private static long Pages(long offset, long count)
    {
        long page = Environment.SystemPageSize;
        return ((offset + count - 1) / page) - (offset / page) + 1;
    }
}
