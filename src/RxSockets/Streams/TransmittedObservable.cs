using RxSockets.Sockets;

namespace RxSockets.Streams;

/// <summary>The pushed form of a connection's completions. Hot; pushes serially, under the ExecutionContext captured at Subscribe.</summary>
internal sealed class TransmittedObservable(TransmitHub hub) : IObservable<TransmitCompletion>
{
    public IDisposable Subscribe(IObserver<TransmitCompletion> observer)
    {
        ArgumentNullException.ThrowIfNull(observer);
        var subscription = new Subscription(hub, observer);
        hub.Join(subscription);
        return subscription;
    }

    private sealed class Subscription(TransmitHub hub, IObserver<TransmitCompletion> observer) : TransmitListener, IDisposable
    {
        private readonly ExecutionContext? _context = ExecutionContext.Capture();
        private TransmitCompletion _item;

        public void Dispose()
        {
            Stop();
            hub.Leave(this);
        }

        protected override void OnNext(TransmitCompletion item)
        {
            _item = item;
            if (_context is null)
                Push();
            else
                ExecutionContext.Run(_context, static state => ((Subscription)state!).Push(), this);
        }

        protected override void OnCompleted()
        {
            if (_context is null)
                observer.OnCompleted();
            else
                ExecutionContext.Run(_context, static state => ((IObserver<TransmitCompletion>)state!).OnCompleted(), observer);
        }

        private void Push() => observer.OnNext(_item);
    }
}
