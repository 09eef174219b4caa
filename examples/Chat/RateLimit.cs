using System.Reactive.Concurrency;
using System.Reactive.Linq;

namespace Chat;

/// <summary>An operator written in a few lines, as an Rx user would.</summary>
internal static class RateLimitOperator
{
    /// <summary>
    /// Lets at most <paramref name="count"/> items through in any one <paramref name="period"/>; the others are dropped. One call of
    /// <paramref name="onExcess"/> for each row of dropped ones.
    /// </summary>
    public static IObservable<T> RateLimit<T>(this IObservable<T> source, int count, TimeSpan period, IScheduler scheduler, Action onExcess) =>
        Observable.Defer(() =>
        {
            // When the last so many items passed.
            var passed = new Queue<DateTimeOffset>(count);
            bool dropping = false;
            return source.Where(_ =>
            {
                DateTimeOffset now = scheduler.Now;
                if (passed.Count == count && now - passed.Peek() < period)
                {
                    if (!dropping)
                        onExcess();
                    dropping = true;
                    return false;
                }

                dropping = false;
                if (passed.Count == count)
                    passed.Dequeue();
                passed.Enqueue(now);
                return true;
            });
        });
}
