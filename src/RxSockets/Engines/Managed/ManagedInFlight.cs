using RxSockets.Operations;

namespace RxSockets.Engines.Managed;

/// <summary>
/// What is in flight on a handle: the last word (<paramref name="closed"/>) is scheduled once, when closing began and nothing is left. Around telling a sink,
/// what the sink schedules is collected and runs after it, on the same thread. Thread-safe.
/// </summary>
internal sealed class ManagedInFlight(ManagedEngine engine, CompletionWork closed)
{
    private readonly Lock _sync = new();
    private int _count;
    private bool _closing;
    private bool _closedTold;

    /// <summary>Failures are ours from here on.</summary>
    public bool IsClosing
    {
        get
        {
            lock (_sync)
                return _closing;
        }
    }

    public void Begin()
    {
        lock (_sync)
            _count++;
    }

    public void End()
    {
        lock (_sync)
            _count--;
    }

    /// <summary>False when closing had begun before.</summary>
    public bool BeginClose()
    {
        lock (_sync)
        {
            bool first = !_closing;
            _closing = true;
            return first;
        }
    }

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
        lock (_sync)
        {
            if (!_closing || _count > 0 || _closedTold)
                return;
            _closedTold = true;
        }

        engine.Schedule(closed);
    }
}
