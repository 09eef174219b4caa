using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using RxSockets.Engines.IoUring;

namespace RxSockets.Tests.Engines.IoUring;

/// <summary>Both ways of asking, against a file that was just read and one that was just evicted.</summary>
public class PageCacheTests
{
    private const int PosixFadvDontNeed = 4;
    private const int Length = (1 << 20) + 123;

    [Fact]
    public void A_file_just_written_is_held_and_one_just_evicted_is_not()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Asks the Linux page cache.");
        string path = Path.GetTempFileName();
        try
        {
            File.WriteAllBytes(path, new byte[Length]);
            using SafeFileHandle file = File.OpenHandle(path);
            int fd = (int)file.DangerousGetHandle();
            Assert.Equal(0, fsync(fd));
            foreach ((long offset, long count) in new[] { (0L, (long)Length), (0L, 1L), (Length - 1L, 1L), (4095L, 2L), (70_000L, 500_000L) })
            {
                Assert.True(PageCache.Holds(fd, offset, count), $"{offset} {count}");
                Assert.True(PageCache.HoldsSamples(fd, offset, count), $"{offset} {count}, by samples");
            }

            Assert.Equal(0, posix_fadvise(fd, 0, 0, PosixFadvDontNeed));
            byte[] probe = new byte[1];
            Assert.SkipWhen(PageCache.Holds(fd, 0, Length) && PageCache.HoldsSamples(fd, 0, Length), "This file system keeps its files in memory.");
            Assert.False(PageCache.Holds(fd, 0, Length));
            Assert.Equal(1, RandomAccess.Read(file, probe, 0));
            // Readahead brought the beginning; the end is still where it was.
            Assert.True(PageCache.Holds(fd, 0, 1));
            Assert.False(PageCache.HoldsSamples(fd, 0, Length));
        }
        finally
        {
            File.Delete(path);
        }
    }

    [DllImport("libc")]
    private static extern int fsync(int fd);

    [DllImport("libc")]
    private static extern int posix_fadvise(int fd, long offset, long length, int advice);
}
