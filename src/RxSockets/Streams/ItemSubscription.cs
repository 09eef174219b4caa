using RxSockets.Sockets;

namespace RxSockets.Streams;

/// <summary>
/// One subscription: pushes items where completions run, serially, under the ExecutionContext captured at Subscribe and without a
/// SynchronizationContext. Nothing is pushed inside Subscribe: the caller could not unsubscribe yet, and a Take(1) would lose the rest.
/// Disposal is looked at after each OnNext.
/// </summary>
internal sealed class ItemSubscription<T>(ItemSource<T> source, IObserver<T> observer) : ItemReader, IDisposable
{
    // So that one connection with a fast peer does not hold a worker or a loop for ever.
    private const int ItemsPerRun = 64;

    private readonly ExecutionContext? _context = ExecutionContext.Capture();

    public void Start()
    {
        source.Attach(this);
        AfterSubscribe.Run(this, static subscription => subscription.Begin());
    }

    private void Begin() => source.Schedule(this);

    public override void Run()
    {
        if (_context is null)
            Pump();
        else
            ExecutionContext.Run(_context, static state => ((ItemSubscription<T>)state!).Pump(), this);
    }

    public void Dispose() => source.Leave(this);

    private void Pump()
    {
        for (int pushed = 0; ; pushed++)
        {
            TakeResult result = source.NextCallback(this, out T? item);
            switch (result)
            {
                case TakeResult.Item:
                    Push(item!);
                    if (pushed == ItemsPerRun)
                    {
                        source.Schedule(this);
                        return;
                    }

                    break;
                case TakeResult.Pending or TakeResult.Left:
                    return;
                default:
                    End(result);
                    return;
            }
        }
    }

    private void Push(T item)
    {
        try
        {
            observer.OnNext(item);
        }
        catch (Exception error)
        {
            source.HandlerThrew(item, error);
        }
        finally
        {
            source.Return(item);
        }
    }

    // Leaves first: a subscriber that resubscribes from its end must find the place free.
    private void End(TakeResult result)
    {
        source.Leave(this);
        Exception? error = result == TakeResult.Refused ? source.AlreadyRead() : source.CreateEndError();
        try
        {
            if (error is null)
                observer.OnCompleted();
            else
                observer.OnError(error);
        }
        catch (Exception thrown)
        {
            source.ReportUnhandled(thrown);
        }
    }
}
