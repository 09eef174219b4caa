using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using RxSockets.Benchmarks.Running;

namespace RxSockets.Benchmarks.Reporting;

/// <summary>Where it was measured, as one paragraph.</summary>
internal sealed record Machine(string Text)
{
    public static Machine Describe(bool pinned)
    {
        var facts = new List<string>
        {
            $"Commit {Commit() ?? "unknown"}",
            DateTimeOffset.UtcNow.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture),
            $"{Processor()}, {Affinity.Cores.Count switch { 0 => Environment.ProcessorCount, int cores => cores }} cores",
            RuntimeInformation.OSDescription,
            RuntimeInformation.FrameworkDescription,
        };
        if (Line("/proc/sys/net/ipv4/tcp_congestion_control") is { } congestion)
            facts.Add($"TCP {congestion}");
        return new Machine(string.Join("; ", facts) + ". " + (pinned
            ? "The server ran on one core, the load on another."
            : "There was no core for server and load each: the figures are of little worth."));
    }

    private static string Processor()
    {
        const string key = "model name";
        string? line = File.Exists("/proc/cpuinfo") ? File.ReadLines("/proc/cpuinfo").FirstOrDefault(static line => line.StartsWith(key, StringComparison.Ordinal)) : null;
        return line?[(line.IndexOf(':', StringComparison.Ordinal) + 1)..].Trim() ?? RuntimeInformation.OSArchitecture.ToString();
    }

    private static string? Line(string path) => File.Exists(path) ? File.ReadLines(path).FirstOrDefault() : null;

    private static string? Commit()
    {
        try
        {
            var start = new ProcessStartInfo("git") { ArgumentList = { "describe", "--always", "--dirty" }, WorkingDirectory = AppContext.BaseDirectory };
            using var git = new ChildProcess(start, core: null);
            string line = git.ReadAsync().GetAwaiter().GetResult();
            return git.WaitForExit(TimeSpan.FromSeconds(10)) == 0 ? line : null;
        }
        catch (Exception error) when (error is BenchmarkException or System.ComponentModel.Win32Exception)
        {
            return null;
        }
    }
}
