using System.Threading.Tasks.Sources;

namespace RxSockets.Sockets;

/// <summary>
/// One ReceiveAsync into the caller's memory: the reader of the connection while it lasts. Reused by its connection, so a receive
/// allocates nothing; a second one at the same time is refused as any second reader is.
/// </summary>
internal sealed class SingleReceive(ReceiveQueue source) : ItemReader, IValueTaskSource<int>
{
    private ManualResetValueTaskSourceCore<int> _core;
    private CancellationTokenRegistration _registration;
    private CancellationToken _token;
    private Memory<byte> _destination;
    private int _busy;

    public ValueTask<int> ReceiveAsync(Memory<byte> destination, CancellationToken token)
    {
        if (token.IsCancellationRequested)
            return ValueTask.FromCanceled<int>(token);
        if (Interlocked.Exchange(ref _busy, 1) != 0)
            return ValueTask.FromException<int>(source.AlreadyRead());
        ResetReader();
        _core.Reset();
        // Before the reader can be scheduled: Run reads these on another thread.
        _destination = destination;
        _token = token;
        source.Attach(this);
        TakeResult result = source.TryCopy(this, destination, out int count);
        if (result == TakeResult.Pending)
        {
            if (token.CanBeCanceled)
                _registration = token.UnsafeRegister(static state => ((SingleReceive)state!).OnCancelled(), this);
            return new ValueTask<int>(this, _core.Version);
        }

        Exception? error = result == TakeResult.Item ? null : CreateError(result);
        source.Leave(this);
        Free();
        return error is null ? new ValueTask<int>(count) : ValueTask.FromException<int>(error);
    }

    public override void Run()
    {
        TakeResult result = source.TryCopy(this, _destination, out int count);
        if (result == TakeResult.Pending)
            return;
        Exception? error = result == TakeResult.Item ? null : CreateError(result);
        source.Leave(this);
        if (error is null)
            _core.SetResult(count);
        else
            _core.SetException(error);
    }

    int IValueTaskSource<int>.GetResult(short version)
    {
        _registration.Dispose();
        try
        {
            return _core.GetResult(version);
        }
        finally
        {
            Free();
        }
    }

    ValueTaskSourceStatus IValueTaskSource<int>.GetStatus(short version) => _core.GetStatus(version);

    void IValueTaskSource<int>.OnCompleted(Action<object?> continuation, object? state, short version, ValueTaskSourceOnCompletedFlags flags) =>
        _core.OnCompleted(continuation, state, version, flags);

    private void OnCancelled() => source.Cancel(this);

    private void Free()
    {
        _destination = default;
        _registration = default;
        _token = default;
        Volatile.Write(ref _busy, 0);
    }

    private Exception? CreateError(TakeResult result) => result switch
    {
        TakeResult.Refused => source.AlreadyRead(),
        TakeResult.Cancelled => new OperationCanceledException(_token),
        _ => source.CreateEndError(),
    };
}
