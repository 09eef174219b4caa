using System.Threading.Tasks.Sources;
using RxSockets.Sockets;

namespace RxSockets.Streams;

/// <summary>
/// One enumeration of a stream. MoveNextAsync allocates nothing: the enumerator is the awaitable. The item is lent until the next
/// MoveNextAsync or DisposeAsync. As with every async enumerator, one call at a time.
/// </summary>
internal sealed class ItemEnumerator<T>(ItemSource<T> source, CancellationToken token, CancellationTokenSource? linked)
    : ItemReader, IAsyncEnumerator<T>, IValueTaskSource<bool>
{
    private ManualResetValueTaskSourceCore<bool> _core;
    private CancellationTokenRegistration _registration;
    private bool _attached;
    private bool _hasCurrent;
    private bool _finished;
    private T _current = default!;

    public T Current => _current;

    public ValueTask<bool> MoveNextAsync()
    {
        ReturnCurrent();
        if (_finished)
            return new ValueTask<bool>(false);
        if (!_attached)
            Begin();
        _core.Reset();
        TakeResult result = source.TryTake(this, out T? item);
        switch (result)
        {
            case TakeResult.Item:
                _current = item!;
                _hasCurrent = true;
                return new ValueTask<bool>(true);
            case TakeResult.Pending:
                return new ValueTask<bool>(this, _core.Version);
            default:
                Exception? error = End(result);
                return error is null ? new ValueTask<bool>(false) : ValueTask.FromException<bool>(error);
        }
    }

    /// <summary>What it waited for is there.</summary>
    public override void Run()
    {
        TakeResult result = source.TryTake(this, out T? item);
        switch (result)
        {
            case TakeResult.Item:
                _current = item!;
                _hasCurrent = true;
                _core.SetResult(true);
                break;
            case TakeResult.Pending:
                break;
            default:
                Exception? error = End(result);
                if (error is null)
                    _core.SetResult(false);
                else
                    _core.SetException(error);
                break;
        }
    }

    public ValueTask DisposeAsync()
    {
        ReturnCurrent();
        Finish();
        return ValueTask.CompletedTask;
    }

    bool IValueTaskSource<bool>.GetResult(short version) => _core.GetResult(version);

    ValueTaskSourceStatus IValueTaskSource<bool>.GetStatus(short version) => _core.GetStatus(version);

    void IValueTaskSource<bool>.OnCompleted(Action<object?> continuation, object? state, short version, ValueTaskSourceOnCompletedFlags flags) =>
        _core.OnCompleted(continuation, state, version, flags);

    private void Begin()
    {
        _attached = true;
        source.Attach(this);
        // After attaching: a token that is cancelled already calls back at once, and the reader then finds Cancelled.
        _registration = token.UnsafeRegister(static state => ((ItemEnumerator<T>)state!).OnCancelled(), this);
    }

    private void OnCancelled() => source.Cancel(this);

    private Exception? End(TakeResult result)
    {
        Exception? error = result switch
        {
            TakeResult.Refused => source.AlreadyRead(),
            TakeResult.Cancelled => new OperationCanceledException(token),
            _ => source.CreateEndError(),
        };
        Finish();
        return error;
    }

    private void ReturnCurrent()
    {
        if (!_hasCurrent)
            return;
        _hasCurrent = false;
        T item = _current;
        _current = default!;
        source.Return(item);
    }

    private void Finish()
    {
        if (_finished)
            return;
        _finished = true;
        if (!_attached)
            return;
        source.Leave(this);
        _registration.Unregister();
        linked?.Dispose();
    }
}
