using RxSockets.Operations;

namespace RxSockets.Sockets;

/// <summary>The DisconnectAsync calls that wait for a connection's end. Guarded by the connection's lock, but for <see cref="Complete"/>.</summary>
internal sealed class DisconnectWaiters(Lock sync)
{
    private DisconnectOperation? _head;

    /// <summary>One of them asks to keep the handle.</summary>
    public bool WantReuse
    {
        get
        {
            for (DisconnectOperation? at = _head; at is not null; at = at.NextWaiter)
            {
                if (at.ReuseSocket)
                    return true;
            }

            return false;
        }
    }

    public void Add(DisconnectOperation operation)
    {
        operation.Withdraw = Withdraw;
        operation.NextWaiter = _head;
        _head = operation;
    }

    /// <summary>Takes all of them off, to be completed outside of the lock.</summary>
    public DisconnectOperation? TakeAll()
    {
        DisconnectOperation? all = _head;
        _head = null;
        return all;
    }

    public static void Complete(DisconnectOperation? waiters, bool orderly, bool kept)
    {
        while (waiters is not null)
        {
            DisconnectOperation waiter = waiters;
            waiters = waiter.NextWaiter;
            waiter.SetResult(waiter.ReuseSocket ? kept : orderly);
            waiter.Scheduler!(waiter);
        }
    }

    private bool Withdraw(DisconnectOperation operation)
    {
        lock (sync)
        {
            DisconnectOperation? before = null;
            for (DisconnectOperation? at = _head; at is not null; before = at, at = at.NextWaiter)
            {
                if (at != operation)
                    continue;
                if (before is null)
                    _head = at.NextWaiter;
                else
                    before.NextWaiter = at.NextWaiter;
                return true;
            }

            return false;
        }
    }
}
