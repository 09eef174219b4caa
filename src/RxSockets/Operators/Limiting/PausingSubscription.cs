using System.Reactive.Concurrency;
using System.Reactive.Disposables;

namespace RxSockets;

/// <summary>
/// A subscription that takes an item only with a place in hand. Without one it leaves the source, inside OnNext, and comes back when it has one: on a
/// cold stream that loses nothing when it is left, such as a listener's, what would come meanwhile waits there. (A hot source would not wait.)
/// </summary>
/// <param name="source">Where items come from.</param>
/// <param name="places">The places, shared with other subscriptions of the same operator.</param>
/// <param name="next">Takes an item; true: the place is its own, to be given back.</param>
/// <param name="observer">Hears of the end.</param>
internal sealed class PausingSubscription<T>(IObservable<T> source, ConnectionPlaces places, Action<T, bool> next, IObserver<T> observer)
    : IObserver<T>, IDisposable
{
    private readonly SerialDisposable _subscription = new();
    private readonly CancellationTokenSource _stop = new();
    private int _inHand;

    public void Start()
    {
        if (places.TryTake())
            Subscribe();
        else
            _ = SubscribeWithAPlaceAsync();
    }

    public void OnNext(T value)
    {
        bool held = Interlocked.Exchange(ref _inHand, 0) != 0;
        next(value, held);
        if (!held || _stop.IsCancellationRequested)
            return;
        if (places.TryTake())
        {
            Hold();
            return;
        }

        // From here on until there is a place, the stream has no reader.
        _subscription.Disposable = Disposable.Empty;
        _ = SubscribeWithAPlaceAsync();
    }

    public void OnError(Exception error)
    {
        Dispose();
        observer.OnError(error);
    }

    public void OnCompleted()
    {
        Dispose();
        observer.OnCompleted();
    }

    public void Dispose()
    {
        _stop.Cancel();
        _subscription.Dispose();
        LetGo();
    }

    private async Task SubscribeWithAPlaceAsync()
    {
        try
        {
            await places.TakeAsync(_stop.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            return;
        }

        Subscribe();
    }

    private void Subscribe()
    {
        Hold();
        // Assigned before subscribing: a source may push, and be left, inside Subscribe. On the trampoline, where a stream of ours begins to push only when what
        // is running there has returned: a loop can be faster than this thread, and what it pushes before the subscription is known cannot be stopped.
        var subscription = new SingleAssignmentDisposable();
        _subscription.Disposable = subscription;
        CurrentThreadScheduler.Instance.Schedule(() =>
        {
            if (!subscription.IsDisposed)
                subscription.Disposable = source.Subscribe(this);
        });
    }

    // Looks at the stop after it holds, as Dispose lets go after it stops: one of the two gives the place back.
    private void Hold()
    {
        Volatile.Write(ref _inHand, 1);
        if (_stop.IsCancellationRequested)
            LetGo();
    }

    private void LetGo()
    {
        if (Interlocked.Exchange(ref _inHand, 0) != 0)
            places.GiveBack();
    }
}
