namespace RxSockets.Operations;

/// <summary>TransmitFile or TransmitPackets: a batch that leaves whole and in call order, and who hears of its progress.</summary>
internal sealed class TransmitOperation : WriteOperation
{
    private readonly TransmitProgress _progress = new();

    public TransmitBatch Batch { get; } = new();

    public TransmitKind Kind { get; private set; }

    /// <summary>The engine has the batch, or had it.</summary>
    public bool IsStarted { get; set; }

    /// <summary>Bytes the kernel took.</summary>
    public long Sent { get; set; }

    public bool Disconnects => (Batch.Flags & TransmitFlags.Disconnect) != 0;

    public static TransmitOperation Rent(TransmitKind kind)
    {
        TransmitOperation operation = OperationPool<TransmitOperation>.Rent();
        operation.Kind = kind;
        return operation;
    }

    /// <summary>Who hears of progress, and where an exception of that listener goes.</summary>
    public void ListenTo(IProgress<long> progress, Action<Exception> unhandled)
    {
        Batch.ReportsProgress = true;
        _progress.Begin(progress, unhandled);
    }

    /// <summary>More bytes were taken. The result is work to be scheduled, or null.</summary>
    public CompletionWork? Advance(long sent)
    {
        Sent = sent;
        return _progress.Advance(sent);
    }

    /// <summary>So many bytes were taken in all; the result is how many more that is.</summary>
    public long MoveTo(long sent)
    {
        long more = sent - Sent;
        Sent = sent;
        return more;
    }

    /// <summary>It was refused before it was queued.</summary>
    public void Abandon() => Recycle();

    /// <summary>Never: its progress is told first, and hearing of that is user code.</summary>
    public override bool TryCompleteUnawaited() => false;

    protected override void Completing() => _progress.End(Sent);

    protected override void Recycle()
    {
        base.Recycle();
        Batch.Clear();
        IsStarted = false;
        Sent = 0;
        // Its last report may still wait in a queue, and it must not speak for the next transmit: such an operation is not used again.
        if (_progress.WasUsed)
            return;
        OperationPool<TransmitOperation>.Return(this);
    }
}
