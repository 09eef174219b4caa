namespace RxSockets.Operations;

/// <summary>FIN behind everything queued before it. A detached one has no awaiter.</summary>
internal sealed class FinOperation : WriteOperation
{
    protected override void Recycle()
    {
        base.Recycle();
        OperationPool<FinOperation>.Return(this);
    }

    public static FinOperation Rent() => OperationPool<FinOperation>.Rent();
}
