using System.Diagnostics;
using System.Runtime.InteropServices;

namespace RxSockets.Benchmarks.Running;

/// <summary>The CPU time that a process has used. On Linux to the nanosecond; elsewhere as fine as the system counts (15.6 ms on Windows), so that windows must be longer.</summary>
internal static unsafe partial class ProcessCpu
{
    private const int CpuClockOfProcess = 2;

    public static double SecondsOf(int process)
    {
        if (OperatingSystem.IsLinux())
        {
            // clock_getcpuclockid(3): the kernel's own arithmetic, MAKE_PROCESS_CPUCLOCK(pid, CPUCLOCK_SCHED).
            nint* time = stackalloc nint[2];
            if (clock_gettime((~process << 3) | CpuClockOfProcess, time) == 0)
                return time[0] + (time[1] / 1e9);
            throw new InvalidOperationException($"Process {process} has no CPU clock; it has probably ended.");
        }

        using var other = Process.GetProcessById(process);
        return other.TotalProcessorTime.TotalSeconds;
    }

    [LibraryImport("libc")]
    private static partial int clock_gettime(int clock, nint* time);
}
