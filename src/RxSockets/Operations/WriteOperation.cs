namespace RxSockets.Operations;

/// <summary>Something that leaves a connection in call order: a send, a transmit, a FIN. Waits in the connection's write queue.</summary>
internal abstract class WriteOperation : Operation<TransmitResult>
{
    /// <summary>Link of the write queue; guarded by the connection's lock.</summary>
    public WriteOperation? NextWrite { get; set; }

    /// <summary>When it was asked for, where somebody listens to completions; else 0.</summary>
    public long AskedAt { get; set; }

    /// <summary>Who hears of a cancel. Set when queued.</summary>
    public IWriteOwner? Owner { get; set; }

    protected override void Cancel() => Owner?.CancelWrite(this);

    protected override void Recycle()
    {
        NextWrite = null;
        Owner = null;
        AskedAt = 0;
    }
}

/// <summary>The write queue, as an operation sees it.</summary>
internal interface IWriteOwner
{
    void CancelWrite(WriteOperation operation);
}
