using System.Runtime.CompilerServices;

namespace RxSockets;

/// <content>All connections as one stream.</content>
public static partial class ConnectionOperators
{
    /// <summary>
    /// Reads a stream from every connection and merges them. Owns each connection: it is disposed when its stream ends, fails or is unsubscribed. The failure of one never goes
    /// downstream, since one bad client must not end the server: it is counted and goes to <paramref name="onError"/>, else the connection is aborted and the exception goes
    /// to <see cref="CompletionPort.UnhandledException"/>. Results of different connections do not overlap: a slow observer slows every connection down.
    /// </summary>
    /// <param name="connections">The stream; its failure is the only one that goes downstream.</param>
    /// <param name="selector">The stream of a connection. What it throws counts as that connection's failure.</param>
    /// <param name="onError">Hears of a connection's failure, before it is disposed. Must not throw.</param>
    /// <param name="counters">Where failures are counted; null for <see cref="ConnectionCounters.Shared"/>.</param>
    public static IObservable<TResult> MergeConnections<TConnection, TResult>(
        this IObservable<TConnection> connections,
        Func<TConnection, IObservable<TResult>> selector,
        Action<TConnection, Exception>? onError = null,
        ConnectionCounters? counters = null)
        where TConnection : IAsyncDisposable
    {
        ArgumentNullException.ThrowIfNull(connections);
        ArgumentNullException.ThrowIfNull(selector);
        return new Merge<TConnection, TResult>(connections, selector, new ConnectionOwner<TConnection>(onError, counters ?? ConnectionCounters.Shared));
    }

    /// <summary>
    /// The same, pulled: a connection is read on when its last item was consumed, so items may be lent until the next pull. Leaving cancels the token of the inner streams
    /// and waits for them.
    /// </summary>
    /// <param name="connections">The stream; its failure is the only one that goes downstream.</param>
    /// <param name="selector">The stream of a connection. It is enumerated with a token that is cancelled when the merge is left.</param>
    /// <param name="onError">Hears of a connection's failure, before it is disposed. Must not throw.</param>
    /// <param name="counters">Where failures are counted; null for <see cref="ConnectionCounters.Shared"/>.</param>
    public static IAsyncEnumerable<TResult> MergeConnections<TConnection, TResult>(
        this IAsyncEnumerable<TConnection> connections,
        Func<TConnection, IAsyncEnumerable<TResult>> selector,
        Action<TConnection, Exception>? onError = null,
        ConnectionCounters? counters = null)
        where TConnection : IAsyncDisposable
    {
        ArgumentNullException.ThrowIfNull(connections);
        ArgumentNullException.ThrowIfNull(selector);
        return MergeAsync(connections, selector, new ConnectionOwner<TConnection>(onError, counters ?? ConnectionCounters.Shared));
    }

    private static async IAsyncEnumerable<TResult> MergeAsync<TConnection, TResult>(
        IAsyncEnumerable<TConnection> connections,
        Func<TConnection, IAsyncEnumerable<TResult>> selector,
        ConnectionOwner<TConnection> owner,
        [EnumeratorCancellation] CancellationToken token = default)
        where TConnection : IAsyncDisposable
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(token);
        var handoff = new Handoff<TResult>();
        bool failed = true;
        Task reading = ReadAllAsync();
        try
        {
            while (await handoff.WaitAsync(token).ConfigureAwait(false))
            {
                yield return handoff.Current;
                handoff.Taken();
            }
        }
        finally
        {
            await stop.CancelAsync().ConfigureAwait(false);
            await reading.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        await reading.ConfigureAwait(false);

        async Task ReadAllAsync()
        {
            try
            {
                await new ConnectionHandlers<TConnection>(ReadAsync, owner, limit: 0).RunAsync(ConnectionsAsync(), stop.Token).ConfigureAwait(false);
            }
            finally
            {
                handoff.Complete();
            }
        }

        // A source that fails ends everything at once, as it does pushed.
        async IAsyncEnumerable<TConnection> ConnectionsAsync()
        {
            try
            {
                await foreach (TConnection connection in connections.WithCancellation(stop.Token).ConfigureAwait(false))
                    yield return connection;
                failed = false;
            }
            finally
            {
                if (failed)
                    await stop.CancelAsync().ConfigureAwait(false);
            }
        }

        async Task ReadAsync(TConnection connection)
        {
            try
            {
                await foreach (TResult item in selector(connection).WithCancellation(stop.Token).ConfigureAwait(false))
                    await handoff.OfferAsync(item, stop.Token).ConfigureAwait(false);
            }
            catch (OperationCanceledException) when (stop.IsCancellationRequested)
            {
                // Left by the consumer: no failure of the connection.
            }
        }
    }

    // Not Observable.Create: that would end the stream at the first OnNext that throws.
    private sealed class Merge<TConnection, TResult>(
        IObservable<TConnection> source, Func<TConnection, IObservable<TResult>> selector, ConnectionOwner<TConnection> owner) : IObservable<TResult>
        where TConnection : IAsyncDisposable
    {
        public IDisposable Subscribe(IObserver<TResult> observer)
        {
            ArgumentNullException.ThrowIfNull(observer);
            var merged = new MergedConnections<TConnection, TResult>(selector, owner, observer);
            merged.SubscribeTo(source);
            return merged;
        }
    }
}
