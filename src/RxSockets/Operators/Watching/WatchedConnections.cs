using System.Runtime.CompilerServices;

namespace RxSockets;

/// <summary>A stream of connections that passes each on at once, watched by a rule. Each subscription has a sweep of its own.</summary>
internal static class WatchedConnections
{
    public static IObservable<TConnection> Watch<TConnection>(IObservable<TConnection> source, ActivityRule rule, TimeProvider? time)
        where TConnection : IConnectionActivity
    {
        ArgumentNullException.ThrowIfNull(source);
        return new Pushed<TConnection>(source, rule, time ?? TimeProvider.System);
    }

    public static IAsyncEnumerable<TConnection> Watch<TConnection>(IAsyncEnumerable<TConnection> source, ActivityRule rule, TimeProvider? time)
        where TConnection : IConnectionActivity
    {
        ArgumentNullException.ThrowIfNull(source);
        return Pull(source, rule, time ?? TimeProvider.System);
    }

    private static async IAsyncEnumerable<TConnection> Pull<TConnection>(
        IAsyncEnumerable<TConnection> source, ActivityRule rule, TimeProvider time, [EnumeratorCancellation] CancellationToken token = default)
        where TConnection : IConnectionActivity
    {
        var sweep = new ConnectionSweep(rule, time);
        await foreach (TConnection connection in source.WithCancellation(token).ConfigureAwait(false))
        {
            sweep.Add(connection);
            yield return connection;
        }
    }

    // Not Observable.Create: that would end the stream at the first OnNext that throws, and one bad handler must not end the server.
    private sealed class Pushed<TConnection>(IObservable<TConnection> source, ActivityRule rule, TimeProvider time) : IObservable<TConnection>
        where TConnection : IConnectionActivity
    {
        public IDisposable Subscribe(IObserver<TConnection> observer) => source.Subscribe(new Watcher<TConnection>(new ConnectionSweep(rule, time), observer));
    }

    private sealed class Watcher<TConnection>(ConnectionSweep sweep, IObserver<TConnection> observer) : IObserver<TConnection>
        where TConnection : IConnectionActivity
    {
        public void OnNext(TConnection value)
        {
            sweep.Add(value);
            observer.OnNext(value);
        }

        public void OnError(Exception error) => observer.OnError(error);

        public void OnCompleted() => observer.OnCompleted();
    }
}
