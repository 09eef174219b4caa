using RxSockets.Operations;

namespace RxSockets.Engines.Managed;

/// <summary>
/// What is in flight on a handle: the last word (<paramref name="closed"/>) is scheduled once, when closing began and nothing is left. Around telling a sink,
/// what the sink schedules is collected and runs after it, on the same thread. Thread-safe.
/// </summary>
internal sealed class ManagedInFlight(ManagedEngine engine, CompletionWork closed)
{
    private const int Closing = 1 << 30;
    private const int ClosedTold = 1 << 29;

    // The number in flight, and above it the two flags.
    private int _state;

    /// <summary>Failures are ours from here on.</summary>
    public bool IsClosing => (Volatile.Read(ref _state) & Closing) != 0;

    public void Begin() => Interlocked.Increment(ref _state);

    public void End() => Interlocked.Decrement(ref _state);

    /// <summary>False when closing had begun before.</summary>
    public bool BeginClose() => (Interlocked.Or(ref _state, Closing) & Closing) == 0;

    public void BeginTelling(Verb verb)
    {
        engine.Statistics.Completed(verb);
        CallbackScope.Enter();
    }

    public void EndTelling()
    {
        CompletionWork? works = CallbackScope.Exit();
        End();
        TellClosedIfIdle();
        engine.RunCollected(works);
    }

    public void TellClosedIfIdle()
    {
        // Closing, none in flight, and not told: nothing else compares equal.
        if (Volatile.Read(ref _state) == Closing && Interlocked.CompareExchange(ref _state, Closing | ClosedTold, Closing) == Closing)
            engine.Schedule(closed);
    }
}
