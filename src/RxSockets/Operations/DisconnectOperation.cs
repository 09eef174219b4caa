namespace RxSockets.Operations;

/// <summary>
/// DisconnectEx: an orderly end in both directions. True: the peer's FIN came, and the handle was kept where that was asked for; false: the deadline passed, the
/// connection failed, or the handle had to be closed.
/// </summary>
internal sealed class DisconnectOperation : Operation<bool>
{
    /// <summary>Link of the connection's list of waiters.</summary>
    public DisconnectOperation? NextWaiter { get; set; }

    /// <summary>TF_REUSE_SOCKET: keep the handle.</summary>
    public bool ReuseSocket { get; init; }

    /// <summary>Takes this operation off the list; false when it ended already. Set when queued.</summary>
    public Func<DisconnectOperation, bool>? Withdraw { get; set; }

    /// <summary>Where it is scheduled. Set when queued.</summary>
    public Action<CompletionWork>? Scheduler { get; set; }

    protected override void Cancel()
    {
        if (Withdraw is not { } withdraw || !withdraw(this))
            return;
        SetError(new OperationCanceledException(CancellationToken));
        Scheduler!(this);
    }

    // Once per connection at most: not worth a pool.
    protected override void Recycle()
    {
    }
}
