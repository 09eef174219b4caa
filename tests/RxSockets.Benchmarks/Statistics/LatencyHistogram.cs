namespace RxSockets.Benchmarks.Statistics;

/// <summary>Durations in buckets of a microsecond up to 200 ms; what took longer is in the last one.</summary>
internal sealed class LatencyHistogram
{
    private const int Longest = 200_000;

    private readonly int[] _counts = new int[Longest + 1];
    private long _total;

    public void Record(long microseconds)
    {
        _counts[Math.Clamp(microseconds, 0, Longest)]++;
        _total++;
    }

    public void Clear()
    {
        Array.Clear(_counts);
        _total = 0;
    }

    /// <summary>The least duration that <paramref name="share"/> of all did not exceed; 0 when nothing was recorded.</summary>
    public int Quantile(double share)
    {
        long seen = 0;
        for (int i = 0; i <= Longest; i++)
        {
            seen += _counts[i];
            if (seen > 0 && seen >= share * _total)
                return i;
        }

        return 0;
    }
}
