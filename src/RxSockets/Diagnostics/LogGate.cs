namespace RxSockets.Diagnostics;

/// <summary>Lets one line through per interval, and says how many it stands for. Thread-safe.</summary>
internal sealed class LogGate(TimeProvider time, TimeSpan interval)
{
    private readonly Lock _sync = new();
    private long? _passed;
    private long _waiting;

    /// <summary>True: write the line now; it stands for so many, itself among them.</summary>
    public bool TryPass(out long count)
    {
        lock (_sync)
        {
            count = ++_waiting;
            if (_passed is { } last && time.GetElapsedTime(last) < interval)
                return false;
            _passed = time.GetTimestamp();
            _waiting = 0;
            return true;
        }
    }
}
