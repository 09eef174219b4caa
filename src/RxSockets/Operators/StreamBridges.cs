using System.Buffers;
using System.Reactive.Linq;
using System.Runtime.CompilerServices;

namespace RxSockets;

/// <summary>Between the worlds: pulled streams as pushed ones and back. Errors go through unchanged, with their stack.</summary>
public static class StreamBridges
{
    /// <summary>
    /// A pulled stream, pushed. Cold: each subscription enumerates anew and pulls the next item when OnNext returned, so nothing is queued and lent items stay lent.
    /// Runs on the thread pool, or wherever the stream resumes. Unsubscribing cancels the enumeration and disposes it. An OnNext that throws ends it with OnError.
    /// </summary>
    /// <param name="source">The stream.</param>
    public static IObservable<T> AsObservable<T>(this IAsyncEnumerable<T> source)
    {
        ArgumentNullException.ThrowIfNull(source);
        return new Pushed<T>(source);
    }

    /// <summary>
    /// A pushed stream, pulled through a bounded queue. Cold: subscribes with the first pull; leaving (break) unsubscribes. What is in the queue was consumed:
    /// it is lost when the reader leaves. Lent items do not survive a queue: put <see cref="Copied(IObservable{ReceivedSegment})"/> or <see cref="Retained(IObservable{ReceivedSegment})"/> in front.
    /// </summary>
    /// <param name="source">The stream.</param>
    /// <param name="capacity">Items that may wait, at least 1.</param>
    /// <param name="overflow">What to do with one more.</param>
    public static IAsyncEnumerable<T> ToAsyncEnumerable<T>(this IObservable<T> source, int capacity, OverflowMode overflow)
    {
        ArgumentNullException.ThrowIfNull(source);
        Limits.Between(capacity, 1, int.MaxValue, nameof(capacity));
        Limits.Defined(overflow, nameof(overflow));
        return PullAsync(source, capacity, overflow);
    }

    /// <summary>Copies of the segments, which stay valid: for operators that keep items (Buffer, ObserveOn, ToList, a bridge).</summary>
    /// <param name="source">The segments.</param>
    public static IObservable<ReceivedSegment> Copied(this IObservable<ReceivedSegment> source)
    {
        ArgumentNullException.ThrowIfNull(source);
        return source.Select(static segment => ReceivedSegment.FromMemory(segment.ToArray()));
    }

    /// <summary>The same, pulled.</summary>
    /// <param name="source">The segments.</param>
    public static IAsyncEnumerable<ReceivedSegment> Copied(this IAsyncEnumerable<ReceivedSegment> source)
    {
        ArgumentNullException.ThrowIfNull(source);
        return source.Select(static segment => ReceivedSegment.FromMemory(segment.ToArray()));
    }

    /// <summary>
    /// The memory of the segments, taken over without copying; dispose each. What is not disposed counts against the connection's
    /// <see cref="CompletionPortOptions.ReceiveLimit"/>: at the limit it stops receiving.
    /// </summary>
    /// <param name="source">The segments.</param>
    public static IObservable<IMemoryOwner<byte>> Retained(this IObservable<ReceivedSegment> source)
    {
        ArgumentNullException.ThrowIfNull(source);
        return source.Select(static segment => segment.Retain());
    }

    /// <summary>The same, pulled.</summary>
    /// <param name="source">The segments.</param>
    public static IAsyncEnumerable<IMemoryOwner<byte>> Retained(this IAsyncEnumerable<ReceivedSegment> source)
    {
        ArgumentNullException.ThrowIfNull(source);
        return source.Select(static segment => segment.Retain());
    }

    private static async IAsyncEnumerable<T> PullAsync<T>(
        IObservable<T> source, int capacity, OverflowMode overflow, [EnumeratorCancellation] CancellationToken token = default)
    {
        var observer = new ChannelObserver<T>(capacity, overflow);
        IDisposable subscription = source.Subscribe(observer);
        try
        {
            await foreach (T item in observer.Reader.ReadAllAsync(token).ConfigureAwait(false))
                yield return item;
        }
        finally
        {
            // First the channel: a thread that waits for room must not wait for a reader that left.
            observer.OnCompleted();
            subscription.Dispose();
        }
    }

    private sealed class Pushed<T>(IAsyncEnumerable<T> source) : IObservable<T>
    {
        public IDisposable Subscribe(IObserver<T> observer)
        {
            ArgumentNullException.ThrowIfNull(observer);
            var loop = new PushingLoop<T>(source, observer);
            loop.Start();
            return loop;
        }
    }
}
