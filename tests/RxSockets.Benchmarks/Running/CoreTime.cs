using System.Diagnostics;
using System.Globalization;

namespace RxSockets.Benchmarks.Running;

/// <summary>How busy two cores are, to notice that somebody else used them. Linux only: elsewhere nothing is noticed.</summary>
internal sealed class CoreTime
{
    private const double TicksPerSecond = 100;

    private readonly (int Server, int Load)? _cores;
    private readonly (double Server, double Load) _busy;
    private readonly long _began = Stopwatch.GetTimestamp();

    public CoreTime((int Server, int Load)? cores)
    {
        _cores = OperatingSystem.IsLinux() ? cores : null;
        if (_cores is { } both)
            _busy = (Busy(both.Server), Busy(both.Load));
    }

    /// <summary>The greater share of either core that went to processes other than the two; 0 where it is not known.</summary>
    public double Foreign(double serverSeconds, double loadSeconds)
    {
        if (_cores is not { } both)
            return 0;
        double elapsed = Stopwatch.GetElapsedTime(_began).TotalSeconds;
        double server = Busy(both.Server) - _busy.Server - serverSeconds;
        double load = Busy(both.Load) - _busy.Load - loadSeconds;
        return Math.Max(0, Math.Max(server, load) / elapsed);
    }

    // user, nice, system, irq, softirq, steal
    private static double Busy(int core)
    {
        string line = File.ReadLines("/proc/stat").First(line => line.StartsWith($"cpu{core} ", StringComparison.Ordinal));
        double[] ticks = [.. line.Split(' ', StringSplitOptions.RemoveEmptyEntries).Skip(1).Select(static word => double.Parse(word, CultureInfo.InvariantCulture))];
        return (ticks[0] + ticks[1] + ticks[2] + ticks[5] + ticks[6] + ticks[7]) / TicksPerSecond;
    }
}
