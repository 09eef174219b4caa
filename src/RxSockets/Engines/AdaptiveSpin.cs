namespace RxSockets.Engines;

/// <summary>
/// Whether a loop looks for completions a moment longer before it waits in the kernel. Being woken takes longer than a short exchange does, so where waits
/// have been short it pays to look; where it did not pay, it is not tried again for a while, longer each time. So a loop with nothing to do never looks, and
/// one whose peers are slow wastes less than a thousandth of its waits. One thread.
/// </summary>
internal sealed class AdaptiveSpin(TimeSpan longest)
{
    /// <summary>Short waits in a row after which it is tried.</summary>
    public const int Trust = 4;

    /// <summary>
    /// Sockets of the loop up to which it is tried. With more of them no single peer waits for this loop alone, and where connections come and go the time goes into
    /// looking: 1.80 of a server in C instead of 1.17 (docs/decisions/0003).
    /// </summary>
    public const int FewSockets = 4;

    private const int LongestPause = 4096;

    private readonly long _longest = (long)(longest.TotalSeconds * TimeProvider.System.TimestampFrequency);
    private int _shortWaits;
    private int _pause = Trust;

    /// <summary>In the ticks of TimeProvider.System.</summary>
    public long LongestTicks => _longest;

    /// <summary>The next wait is expected to be short.</summary>
    public bool IsWorthwhile => _shortWaits >= _pause;

    /// <summary>The loop waited in the kernel for so long, in ticks of TimeProvider.System, until something came.</summary>
    public void Waited(long ticks)
    {
        if (ticks <= _longest)
            _shortWaits = Math.Min(_shortWaits + 1, LongestPause);
        else
            _shortWaits = 0;
    }

    /// <summary>The loop looked. Where nothing came the next try is put off, each time twice as long.</summary>
    public void Looked(bool found)
    {
        if (found)
        {
            _pause = Trust;
            return;
        }

        _shortWaits = 0;
        _pause = Math.Min(_pause * 2, LongestPause);
    }
}
