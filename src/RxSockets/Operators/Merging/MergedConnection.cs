using System.Reactive.Disposables;

namespace RxSockets;

/// <summary>One connection of a merge: its inner stream, and its disposal when that ends, fails or is unsubscribed, whichever comes first.</summary>
internal sealed class MergedConnection<TConnection, TResult>(
    MergedConnections<TConnection, TResult> merge, ConnectionOwner<TConnection> owner, TConnection connection) : IObserver<TResult>
    where TConnection : IAsyncDisposable
{
    private readonly SingleAssignmentDisposable _subscription = new();
    private int _released;

    public void Read(Func<TConnection, IObservable<TResult>> selector)
    {
        try
        {
            _subscription.Disposable = selector(connection).Subscribe(this);
        }
        catch (Exception error)
        {
            OnError(error);
        }
    }

    public void OnNext(TResult value)
    {
        if (Volatile.Read(ref _released) == 0)
            merge.Push(value);
    }

    public void OnError(Exception error)
    {
        if (TryRelease(error))
            merge.Remove(this);
    }

    public void OnCompleted()
    {
        if (TryRelease(error: null))
            merge.Remove(this);
    }

    /// <summary>The merge is over.</summary>
    public void Release() => TryRelease(error: null);

    private bool TryRelease(Exception? error)
    {
        if (Interlocked.Exchange(ref _released, 1) != 0)
            return false;
        try
        {
            if (error is not null)
                owner.Report(connection, error);
        }
        finally
        {
            _subscription.Dispose();
            _ = owner.ReleaseAsync(connection);
        }

        return true;
    }
}
