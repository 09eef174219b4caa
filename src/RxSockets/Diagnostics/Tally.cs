namespace RxSockets.Diagnostics;

/// <summary>Counts of rare events by what they were. Thread-safe; its lock is a leaf. Not for anything that happens per operation.</summary>
internal sealed class Tally<TKey>
    where TKey : struct
{
    private readonly Lock _sync = new();
    private readonly Dictionary<TKey, long> _counts = [];

    public void Add(TKey key)
    {
        lock (_sync)
            _counts[key] = _counts.GetValueOrDefault(key) + 1;
    }

    public KeyValuePair<TKey, long>[] Read()
    {
        lock (_sync)
            return [.. _counts];
    }
}
