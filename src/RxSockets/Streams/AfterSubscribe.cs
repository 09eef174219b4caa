using System.Reactive.Concurrency;
using System.Reactive.Disposables;

namespace RxSockets.Streams;

/// <summary>
/// Begins to push only after the whole chain of operators has subscribed. A loop can be faster than Subscribe returns, and an operator that is done with the
/// first item (Take(1), FirstAsync) cannot unsubscribe before it knows how: what is pushed meanwhile would be lost. Operators of
/// System.Reactive subscribe on this thread's trampoline, so what is queued there runs when they all have (System.Reactive 7.0.0).
/// </summary>
internal static class AfterSubscribe
{
    public static void Run<TState>(TState state, Action<TState> begin) =>
        CurrentThreadScheduler.Instance.Schedule((state, begin), static (_, work) =>
        {
            work.begin(work.state);
            return Disposable.Empty;
        });
}
