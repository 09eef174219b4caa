using System.Runtime.CompilerServices;
using System.Threading.Tasks.Sources;

namespace RxSockets.Operations;

/// <summary>
/// What was asked of the engine, and the awaitable of its result. Subclasses, one per verb, hold what is asked; engines decide how.
/// Life: rented, started, completed exactly once (<see cref="SetResult"/> or <see cref="SetError"/>), scheduled, awaited, returned to its pool.
/// </summary>
internal abstract class Operation<TResult> : CompletionWork, IValueTaskSource<TResult>, IValueTaskSource
{
    private ManualResetValueTaskSourceCore<TResult> _core;
    private TResult? _result;
    private Exception? _error;
    private CancellationTokenRegistration _cancellation;
    // Somebody awaits it, or it ended before that: whoever comes first.
    private bool _taken;

    public ValueTask<TResult> Task => new(this, _core.Version);

    public ValueTask VoidTask => new(this, _core.Version);

    /// <summary>The caller's token, to be named by the exception.</summary>
    public CancellationToken CancellationToken { get; private set; }

    /// <summary>True once the token asked; the operation then ends with OperationCanceledException unless it had succeeded.</summary>
    public bool CancelRequested => CancellationToken.IsCancellationRequested;

    /// <summary>
    /// Registers the token. Call it after the operation can be found by <see cref="Cancel"/>, outside of locks: an already cancelled token calls back at once.
    /// </summary>
    public void RegisterCancellation(CancellationToken token)
    {
        if (!token.CanBeCanceled)
            return;
        _cancellation = token.UnsafeRegister(static state => ((Operation<TResult>)state!).Cancel(), this);
    }

    /// <summary>Remembers the token without registering.</summary>
    public void SetToken(CancellationToken token) => CancellationToken = token;

    /// <summary>The token asked to cancel. Any thread; may come after the operation ended.</summary>
    protected abstract void Cancel();

    /// <summary>The outcome; the caller then schedules the operation, which completes the awaiter when it is run.</summary>
    public void SetResult(TResult result) => _result = result;

    public void SetError(Exception error) => _error = error;

    /// <summary>
    /// With the outcome set: completes the operation here and now if nobody awaits it yet, so that no user code runs. Whoever awaits it then finds it complete and goes on at once. False: it is to be
    /// scheduled. True: it may be awaited, and back in its pool, already.
    /// </summary>
    public virtual bool TryCompleteUnawaited()
    {
        if (Volatile.Read(ref _taken) || Interlocked.Exchange(ref _taken, true))
            return false;
        // Should somebody come to await it in the middle of this call: not on this thread, which may hold locks.
        _core.RunContinuationsAsynchronously = true;
        Complete();
        return true;
    }

    /// <summary>Just before the awaiter hears, on the same thread; must not throw.</summary>
    protected virtual void Completing()
    {
    }

    public sealed override void Run()
    {
        Completing();
        Complete();
    }

    private void Complete()
    {
        if (_error is null)
            _core.SetResult(_result!);
        else
            _core.SetException(_error);
    }

    /// <summary>Forgets what was asked and returns to the pool.</summary>
    protected abstract void Recycle();

    TResult IValueTaskSource<TResult>.GetResult(short token)
    {
        // Dispose waits for a callback that runs on another thread: after it, nobody but us knows this operation.
        _cancellation.Dispose();
        try
        {
            return _core.GetResult(token);
        }
        finally
        {
            _cancellation = default;
            CancellationToken = default;
            _result = default;
            _error = null;
            _core.Reset();
            _core.RunContinuationsAsynchronously = false;
            _taken = false;
            Recycle();
        }
    }

    void IValueTaskSource.GetResult(short token) => ((IValueTaskSource<TResult>)this).GetResult(token);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    ValueTaskSourceStatus IValueTaskSource<TResult>.GetStatus(short token) => _core.GetStatus(token);

    ValueTaskSourceStatus IValueTaskSource.GetStatus(short token) => _core.GetStatus(token);

    void IValueTaskSource<TResult>.OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags)
    {
        Interlocked.Exchange(ref _taken, true);
        _core.OnCompleted(continuation, state, token, flags);
    }

    void IValueTaskSource.OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        ((IValueTaskSource<TResult>)this).OnCompleted(continuation, state, token, flags);
}
