namespace RxSockets.Engines;

/// <summary>The verbs that are counted.</summary>
internal enum Verb
{
    Accept,
    Connect,
    Receive,
    Send,
    Transmit,
    Shutdown,
    Cancel,
    Recycle,
    Close,
    Wake,
}

/// <summary>Counters of one engine. Written by its threads, read by anybody (a reader may see a sum that is a moment old).</summary>
internal sealed class EngineStatistics
{
    private readonly long[] _submitted = new long[Enum.GetValues<Verb>().Length];
    private readonly long[] _completed = new long[Enum.GetValues<Verb>().Length];

    /// <summary>Completions of an earlier life of their slot; each would be a bug's trace.</summary>
    public long StaleCompletions;

    /// <summary>Times a receive found no buffer and had to wait.</summary>
    public long BufferStarvations;

    /// <summary>System calls that entered the kernel to submit, wait or both.</summary>
    public long Enters;

    /// <summary>Sends made directly on the calling thread.</summary>
    public long DirectSends;

    /// <summary>Times a transmit went to a worker because its file was not in memory, or because it was asked for.</summary>
    public long ColdTransmits;

    public void Submitted(Verb verb) => Interlocked.Increment(ref _submitted[(int)verb]);

    public void Completed(Verb verb) => Interlocked.Increment(ref _completed[(int)verb]);

    public long SubmittedCount(Verb verb) => Volatile.Read(ref _submitted[(int)verb]);

    public long CompletedCount(Verb verb) => Volatile.Read(ref _completed[(int)verb]);
}
