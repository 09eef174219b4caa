namespace RxSockets.Testing;

/// <summary>
/// The one source of chance of a simulation. SplitMix64, written out: a seed must mean the same on every version of .NET. Guarded by the network's lock.
/// </summary>
internal sealed class SimulationRandom(ulong seed)
{
    private ulong _state = seed;

    public ulong Next()
    {
        ulong z = _state += 0x9E3779B97F4A7C15;
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return z ^ (z >> 31);
    }

    /// <summary>0 up to, not including, the limit; 0 for a limit of 0.</summary>
    public long Below(long limit) => limit <= 1 ? 0 : (long)(Next() % (ulong)limit);

    public int Below(int limit) => (int)Below((long)limit);

    public double NextDouble() => (Next() >> 11) * (1.0 / (1UL << 53));

    /// <summary>True with this probability. Draws nothing for 0, so that a fault that is off leaves the rest of a run as it is.</summary>
    public bool Chance(double probability) => probability > 0 && NextDouble() < probability;

    public T Pick<T>(ReadOnlySpan<T> choices) => choices[Below(choices.Length)];
}
