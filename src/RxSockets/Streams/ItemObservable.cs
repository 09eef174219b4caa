using RxSockets.Sockets;

namespace RxSockets.Streams;

/// <summary>The pushed form of a stream. Cold: each subscription is the one reader while it lasts.</summary>
internal sealed class ItemObservable<T>(ItemSource<T> source) : IObservable<T>
{
    public IDisposable Subscribe(IObserver<T> observer)
    {
        ArgumentNullException.ThrowIfNull(observer);
        var subscription = new ItemSubscription<T>(source, observer);
        subscription.Start();
        return subscription;
    }
}
