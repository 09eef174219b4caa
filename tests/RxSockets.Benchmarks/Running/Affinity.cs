using System.Diagnostics;
using System.Numerics;
using System.Runtime.InteropServices;

namespace RxSockets.Benchmarks.Running;

/// <summary>Which cores there are, and a process that has only one of them.</summary>
internal static partial class Affinity
{
    private const int MaskWords = 16;

    /// <summary>The cores this process may use; empty where the system does not tell (macOS).</summary>
    public static IReadOnlyList<int> Cores { get; } = FindCores();

    /// <summary>Starts a process on the core. On Linux it inherits the core from this thread, so that its runtime sees one processor from the first.</summary>
    public static Process Start(ProcessStartInfo start, int core)
    {
        if (OperatingSystem.IsLinux())
        {
            var before = new ulong[MaskWords];
            var one = new ulong[MaskWords];
            one[core / 64] = 1ul << (core % 64);
            Check(sched_getaffinity(0, MaskWords * sizeof(ulong), before));
            Check(sched_setaffinity(0, MaskWords * sizeof(ulong), one));
            try
            {
                return Launch(start);
            }
            finally
            {
                Check(sched_setaffinity(0, MaskWords * sizeof(ulong), before));
            }
        }

        Process process = Launch(start);
        if (OperatingSystem.IsWindows())
            process.ProcessorAffinity = (nint)1 << core;
        return process;
    }

    public static Process Launch(ProcessStartInfo start) => Process.Start(start) ?? throw new InvalidOperationException($"{start.FileName} did not start.");

    private static IReadOnlyList<int> FindCores()
    {
        var mask = new ulong[MaskWords];
        if (OperatingSystem.IsLinux())
            Check(sched_getaffinity(0, MaskWords * sizeof(ulong), mask));
        else if (OperatingSystem.IsWindows())
            mask[0] = (ulong)Process.GetCurrentProcess().ProcessorAffinity;
        var cores = new List<int>();
        for (int word = 0; word < MaskWords; word++)
        {
            for (ulong rest = mask[word]; rest != 0; rest &= rest - 1)
                cores.Add((word * 64) + BitOperations.TrailingZeroCount(rest));
        }

        return cores;
    }

    // The kernel answers with the length of its mask.
    private static void Check(int result)
    {
        if (result < 0)
            throw new InvalidOperationException($"The affinity could not be looked at or set: error {Marshal.GetLastPInvokeError()}.");
    }

    [LibraryImport("libc", SetLastError = true)]
    private static partial int sched_getaffinity(int thread, nint size, [Out] ulong[] mask);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int sched_setaffinity(int thread, nint size, ulong[] mask);
}
