using System.Runtime.CompilerServices;

namespace RxSockets;

/// <summary>A stream of connections of which only so many are open at a time. The places belong to the operator: every subscription of it shares them.</summary>
internal sealed class LimitedConnections<TConnection>(int max, ConnectionLimitMode mode, ConnectionCounters counters)
    where TConnection : IConnectionActivity
{
    private readonly ConnectionPlaces _places = new(max);

    public IObservable<TConnection> Over(IObservable<TConnection> source) => new Pushed(this, source);

    public IAsyncEnumerable<TConnection> Over(IAsyncEnumerable<TConnection> source) =>
        mode == ConnectionLimitMode.Reject ? PullOrReject(source) : PullWithAPlace(source);

    /// <summary>Gives the connection a place, or aborts it.</summary>
    private bool Admit(TConnection connection)
    {
        if (_places.TryTake())
        {
            _places.Occupy(connection);
            return true;
        }

        counters.CountRejected();
        connection.Drop(DropRule.Limit, $"More than {max} connections at a time (LimitConnections).");
        return false;
    }

    private async IAsyncEnumerable<TConnection> PullOrReject(IAsyncEnumerable<TConnection> source, [EnumeratorCancellation] CancellationToken token = default)
    {
        await foreach (TConnection connection in source.WithCancellation(token).ConfigureAwait(false))
        {
            if (Admit(connection))
                yield return connection;
        }
    }

    private async IAsyncEnumerable<TConnection> PullWithAPlace(IAsyncEnumerable<TConnection> source, [EnumeratorCancellation] CancellationToken token = default)
    {
        await _places.TakeAsync(token).ConfigureAwait(false);
        bool held = true;
        try
        {
            await foreach (TConnection connection in source.WithCancellation(token).ConfigureAwait(false))
            {
                held = false;
                _places.Occupy(connection);
                yield return connection;
                await _places.TakeAsync(token).ConfigureAwait(false);
                held = true;
            }
        }
        finally
        {
            if (held)
                _places.GiveBack();
        }
    }

    private sealed class Pushed(LimitedConnections<TConnection> limit, IObservable<TConnection> source) : IObservable<TConnection>
    {
        public IDisposable Subscribe(IObserver<TConnection> observer) => limit.Subscribe(source, observer);
    }

    private IDisposable Subscribe(IObservable<TConnection> source, IObserver<TConnection> observer)
    {
        if (mode == ConnectionLimitMode.Reject)
            return source.Subscribe(new Rejecting(this, observer));
        var subscription = new PausingSubscription<TConnection>(
            source,
            _places,
            (connection, held) =>
            {
                if (held)
                    _places.Occupy(connection);
                observer.OnNext(connection);
            },
            observer);
        subscription.Start();
        return subscription;
    }

    private sealed class Rejecting(LimitedConnections<TConnection> limit, IObserver<TConnection> observer) : IObserver<TConnection>
    {
        public void OnNext(TConnection value)
        {
            if (limit.Admit(value))
                observer.OnNext(value);
        }

        public void OnError(Exception error) => observer.OnError(error);

        public void OnCompleted() => observer.OnCompleted();
    }
}
