namespace RxSockets;

/// <summary>
/// One subscription of MergeConnections: the source, the connections that are being read, and the one place through which everything goes downstream, one call
/// at a time. Completes when the source has ended and the last connection too; fails only as the source fails.
/// </summary>
internal sealed class MergedConnections<TConnection, TResult>(
    Func<TConnection, IObservable<TResult>> selector, ConnectionOwner<TConnection> owner, IObserver<TResult> observer) : IObserver<TConnection>, IDisposable
    where TConnection : IAsyncDisposable
{
    // Held during OnNext downstream: results of different connections do not overlap. Taken again by the same thread where that leads back here.
    private readonly Lock _downstream = new();
    private readonly Lock _sync = new();
    private readonly HashSet<MergedConnection<TConnection, TResult>> _open = [];
    private readonly System.Reactive.Disposables.SingleAssignmentDisposable _subscription = new();
    private bool _sourceEnded;
    private bool _over;

    public void SubscribeTo(IObservable<TConnection> source) => _subscription.Disposable = source.Subscribe(this);

    public void OnNext(TConnection value)
    {
        var connection = new MergedConnection<TConnection, TResult>(this, owner, value);
        bool over;
        lock (_sync)
        {
            over = _over;
            if (!over)
                _open.Add(connection);
        }

        if (over)
            connection.Release();
        else
            connection.Read(selector);
    }

    public void OnError(Exception error)
    {
        if (!End())
            return;
        lock (_downstream)
            observer.OnError(error);
    }

    public void OnCompleted()
    {
        lock (_sync)
            _sourceEnded = true;
        _subscription.Dispose();
        CompleteIfDone();
    }

    public void Dispose() => End();

    /// <summary>A result of one connection.</summary>
    public void Push(TResult value)
    {
        lock (_downstream)
        {
            if (!Volatile.Read(ref _over))
                observer.OnNext(value);
        }
    }

    /// <summary>One connection is done with.</summary>
    public void Remove(MergedConnection<TConnection, TResult> connection)
    {
        lock (_sync)
            _open.Remove(connection);
        CompleteIfDone();
    }

    private void CompleteIfDone()
    {
        lock (_sync)
        {
            if (_over || !_sourceEnded || _open.Count > 0)
                return;
            _over = true;
        }

        lock (_downstream)
            observer.OnCompleted();
    }

    // Outside of locks: ending a connection may run anything.
    private bool End()
    {
        MergedConnection<TConnection, TResult>[] open;
        lock (_sync)
        {
            if (_over)
                return false;
            _over = true;
            open = [.. _open];
            _open.Clear();
        }

        _subscription.Dispose();
        foreach (MergedConnection<TConnection, TResult> connection in open)
            connection.Release();
        return true;
    }
}
