using ScottPlot.TickGenerators;

namespace RxSockets.Benchmarks.Reporting;

/// <summary>Ticks of a logarithmic axis, whose coordinates are the logarithms to base 10.</summary>
internal static class LogTicks
{
    private static readonly double[] s_dense = [1, 1.5, 2, 3, 5, 7];
    private static readonly double[] s_usual = [1, 2, 5];
    private static readonly double[] s_sparse = [1];

    public static NumericManual Between(double low, double high)
    {
        var ticks = new NumericManual();
        // Fewer of them where the axis is long.
        foreach (double step in (high - low) switch { < 1.2 => s_dense, < 3.5 => s_usual, _ => s_sparse })
        {
            for (double value = step * Math.Pow(10, Math.Floor(low)); Math.Log10(value) <= high; value *= 10)
            {
                if (Math.Log10(value) >= low)
                    ticks.AddMajor(Math.Log10(value), FormattableString.Invariant($"{value:#,0.##}"));
            }
        }

        return ticks;
    }
}
