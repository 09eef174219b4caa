using System.Diagnostics;
using System.Globalization;

namespace RxSockets.Benchmarks.Running;

/// <summary>What the system tells of another process.</summary>
internal static class ProcessFacts
{
    /// <summary>Switches of all its threads, voluntary or not; null where the system does not count them.</summary>
    public static long? ContextSwitches(int process)
    {
        if (!OperatingSystem.IsLinux())
            return null;
        long switches = 0;
        foreach (string task in Directory.EnumerateDirectories($"/proc/{process}/task"))
        {
            try
            {
                foreach (string line in File.ReadLines(Path.Combine(task, "status")))
                {
                    if (line.Contains("ctxt_switches", StringComparison.Ordinal))
                        switches += long.Parse(line.AsSpan(line.IndexOf(':', StringComparison.Ordinal) + 1), NumberStyles.AllowLeadingWhite, CultureInfo.InvariantCulture);
                }
            }
            catch (IOException)
            {
                // A thread that ended meanwhile.
            }
        }

        return switches;
    }

    public static long ResidentBytes(int process)
    {
        using var other = Process.GetProcessById(process);
        return other.WorkingSet64;
    }
}
