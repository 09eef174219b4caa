namespace RxSockets.Testing;

/// <summary>
/// What happened in a simulation, in order: equal for equal seeds and equal code. Keeps the last entries, up to a limit; <see cref="Hash"/> is over all of them.
/// Read it when no run is under way.
/// </summary>
public sealed class SimulationTrace
{
    private const ulong Prime = 0x100000001B3;

    private readonly Queue<TraceEntry> _entries = new();
    private readonly int _limit;

    internal SimulationTrace(int limit) => _limit = limit;

    /// <summary>The last entries, oldest first: at most <see cref="SimulatedNetworkOptions.MaxTraceEntries"/>.</summary>
    public IReadOnlyCollection<TraceEntry> Entries => _entries;

    /// <summary>How many there were, also those that are not kept any more.</summary>
    public long Count { get; private set; }

    /// <summary>A number that differs, as good as always, where two traces differ. FNV-1a over every entry.</summary>
    public ulong Hash { get; private set; } = 0xCBF29CE484222325;

    /// <summary>The entries that are kept, one a line.</summary>
    public override string ToString() => string.Join('\n', _entries);

    internal void Add(in TraceEntry entry)
    {
        Count++;
        Mix((ulong)entry.Time.Ticks);
        Mix((ulong)entry.Subject);
        Mix((ulong)entry.Amount);
        foreach (char letter in entry.Host)
            Mix(letter);
        foreach (char letter in entry.What)
            Mix(letter);
        if (_limit == 0)
            return;
        if (_entries.Count == _limit)
            _entries.Dequeue();
        _entries.Enqueue(entry);
    }

    private void Mix(ulong value) => Hash = (Hash ^ value) * Prime;
}
