namespace RxSockets.Operations;

/// <summary>Something that leaves a connection in call order: a send, a FIN. Waits in the connection's write queue.</summary>
internal abstract class WriteOperation : Operation<bool>
{
    /// <summary>Link of the write queue; guarded by the connection's lock.</summary>
    public WriteOperation? NextWrite { get; set; }

    /// <summary>Who hears of a cancel. Set when queued.</summary>
    public IWriteOwner? Owner { get; set; }

    protected override void Cancel() => Owner?.CancelWrite(this);

    protected override void Recycle()
    {
        NextWrite = null;
        Owner = null;
    }
}

/// <summary>The write queue, as an operation sees it.</summary>
internal interface IWriteOwner
{
    void CancelWrite(WriteOperation operation);
}
