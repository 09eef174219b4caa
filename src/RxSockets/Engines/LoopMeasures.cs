using System.Diagnostics.Metrics;

namespace RxSockets.Engines;

/// <summary>
/// The histograms of one loop's rounds. While nobody listens to them a round asks twice whether anybody does, and no more. What a listener throws is swallowed: it
/// runs on the loop's thread.
/// </summary>
internal sealed class LoopMeasures(Histogram<int> batchSize, Histogram<double> batchDuration, params KeyValuePair<string, object?>[] tags)
{
    /// <summary>Somebody wants to know how long handlers take.</summary>
    public bool IsTimed => batchDuration.Enabled;

    /// <summary>So many completions came at once.</summary>
    public void Reaped(int completions)
    {
        if (completions == 0 || !batchSize.Enabled)
            return;
        try
        {
            batchSize.Record(completions, tags);
        }
        catch (Exception)
        {
            // Not ours, and there is nobody to tell.
        }
    }

    /// <summary>A batch of handlers ran since then, in the ticks of TimeProvider.System.</summary>
    public void Ran(long since)
    {
        try
        {
            batchDuration.Record(TimeProvider.System.GetElapsedTime(since).TotalSeconds, tags);
        }
        catch (Exception)
        {
            // As above.
        }
    }
}
