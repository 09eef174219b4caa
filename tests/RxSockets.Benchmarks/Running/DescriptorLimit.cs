using System.Globalization;

namespace RxSockets.Benchmarks.Running;

/// <summary>How many connections a process may have. .NET raises its own limit to the hard one when it starts; beyond that only the administrator can.</summary>
internal static class DescriptorLimit
{
    private const int Others = 300;

    /// <summary>Why so many connections cannot be had; null when they can.</summary>
    public static string? WhyNot(int connections) => WhyNot(connections, Hard());

    public static string? WhyNot(int connections, int hard) =>
        connections + Others > hard ? $"{connections} connections need more descriptors than the hard limit of {hard} (ulimit -Hn)" : null;

    private static int Hard()
    {
        if (!OperatingSystem.IsLinux())
            return int.MaxValue;
        string line = File.ReadLines("/proc/self/limits").First(static line => line.StartsWith("Max open files", StringComparison.Ordinal));
        return int.TryParse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[4], NumberStyles.None, CultureInfo.InvariantCulture, out int hard) ? hard : int.MaxValue;
    }
}
