namespace RxSockets.Benchmarks.Statistics;

/// <summary>Medians, and how far one may trust them.</summary>
internal static class Sample
{
    private const int Resamples = 1000;

    /// <summary>The middle value; of an even number of values, the mean of the two in the middle.</summary>
    public static double Median(IEnumerable<double> values)
    {
        double[] sorted = [.. values.Order()];
        if (sorted.Length == 0)
            throw new ArgumentException("No values.", nameof(values));
        int middle = sorted.Length / 2;
        return sorted.Length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
    }

    /// <summary>The bootstrap's 95 % interval of the median. The same values give the same interval: the resampling has a fixed seed.</summary>
    public static Interval MedianInterval(IReadOnlyList<double> values, int seed = 1)
    {
        var random = new Random(seed);
        var medians = new double[Resamples];
        var drawn = new double[values.Count];
        for (int i = 0; i < Resamples; i++)
        {
            for (int k = 0; k < drawn.Length; k++)
                drawn[k] = values[random.Next(values.Count)];
            medians[i] = Median(drawn);
        }

        Array.Sort(medians);
        return new Interval(Median(values), medians[Resamples * 25 / 1000], medians[Resamples - 1 - (Resamples * 25 / 1000)]);
    }
}
