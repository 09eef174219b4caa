namespace RxSockets.Operations;

/// <summary>
/// Tells a listener how far a transmit came: the newest value at most once per run, never twice at a time, never backwards, and the end last. One transmit only.
/// </summary>
internal sealed class TransmitProgress : CompletionWork
{
    private readonly Lock _sync = new();
    private IProgress<long>? _listener;
    private Action<Exception>? _unhandled;
    private long _reached;
    private int _scheduled;
    private bool _ended;

    public bool WasUsed => _unhandled is not null;

    public void Begin(IProgress<long> listener, Action<Exception> unhandled)
    {
        _listener = listener;
        _unhandled = unhandled;
    }

    /// <summary>The work to schedule, or null when nobody listens or a report is on its way.</summary>
    public CompletionWork? Advance(long reached)
    {
        if (_listener is null)
            return null;
        Volatile.Write(ref _reached, reached);
        return Interlocked.Exchange(ref _scheduled, 1) == 0 ? this : null;
    }

    public override void Run()
    {
        lock (_sync)
        {
            Volatile.Write(ref _scheduled, 0);
            if (!_ended)
                Report(Volatile.Read(ref _reached));
        }
    }

    /// <summary>The last report.</summary>
    public void End(long reached)
    {
        if (_listener is null)
            return;
        lock (_sync)
        {
            _ended = true;
            Report(reached);
            _listener = null;
        }
    }

    private void Report(long reached)
    {
        try
        {
            _listener!.Report(reached);
        }
        catch (Exception error)
        {
            _unhandled!(error);
        }
    }
}
