namespace RxSockets.Engines.Iocp;

/// <summary>How many native transmits from files run at a time. Thread-safe.</summary>
internal sealed class TransmitLimit(int most)
{
    private int _running;

    public bool TryEnter()
    {
        if (Interlocked.Increment(ref _running) <= most || most == 0)
            return true;
        Interlocked.Decrement(ref _running);
        return false;
    }

    public void Leave() => Interlocked.Decrement(ref _running);
}
