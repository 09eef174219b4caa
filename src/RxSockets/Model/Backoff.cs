namespace RxSockets;

/// <summary>Pauses between tries: each longer than the one before, up to a limit, and each shortened at random so that many clients do not come back at once.</summary>
public sealed class Backoff
{
    /// <summary>The first pause. Default 100 ms.</summary>
    public TimeSpan First { get; set; } = TimeSpan.FromMilliseconds(100);

    /// <summary>The longest pause. A connection that lived this long begins with the first pause again. Default 30 s.</summary>
    public TimeSpan Longest { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>How many times longer each pause is than the one before, 1 to 10; default 2.</summary>
    public double Factor { get; set; } = 2;

    /// <summary>The largest part of a pause that chance takes off, 0 (none) to 1 (all of it); default 0.5.</summary>
    public double Jitter { get; set; } = 0.5;

    internal Backoff Validated()
    {
        Limits.Positive(First, nameof(First));
        Limits.Positive(Longest, nameof(Longest));
        Limits.Between(Longest.Ticks, First.Ticks, long.MaxValue, nameof(Longest));
        if (!(Factor is >= 1 and <= 10))
            throw new ArgumentOutOfRangeException(nameof(Factor), Factor, "Factor must be from 1 to 10.");
        if (!(Jitter is >= 0 and <= 1))
            throw new ArgumentOutOfRangeException(nameof(Jitter), Jitter, "Jitter must be from 0 to 1.");
        return (Backoff)MemberwiseClone();
    }

    /// <summary>The pause after so many tries that failed before; <paramref name="chance"/> is from 0 to 1.</summary>
    internal TimeSpan PauseAfter(int failures, double chance)
    {
        double ticks = Math.Min(Longest.Ticks, First.Ticks * Math.Pow(Factor, failures));
        return TimeSpan.FromTicks((long)(ticks * (1 - (Jitter * chance))));
    }
}
