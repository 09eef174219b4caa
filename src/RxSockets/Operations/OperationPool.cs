using System.Collections.Concurrent;

namespace RxSockets.Operations;

/// <summary>
/// Bounded pool of one kind of operation: a slot per thread (renting and returning on one thread costs no atomic step) and a shared
/// queue behind it. Beyond <see cref="SharedLimit"/> an operation is left to the garbage collector.
/// </summary>
internal static class OperationPool<T>
    where T : class, new()
{
    public const int SharedLimit = 1024;

    [ThreadStatic]
    private static T? t_slot;

    private static readonly ConcurrentQueue<T> s_shared = new();
    private static int s_count;

    public static T Rent()
    {
        T? operation = t_slot;
        if (operation is not null)
        {
            t_slot = null;
            return operation;
        }

        return RentShared();
    }

    /// <summary>Past the thread's slot: for operations that hold much, of which not every thread should keep one.</summary>
    public static T RentShared()
    {
        if (!s_shared.TryDequeue(out T? operation))
            return new T();
        Interlocked.Decrement(ref s_count);
        return operation;
    }

    public static void Return(T operation)
    {
        if (t_slot is null)
        {
            t_slot = operation;
            return;
        }

        ReturnShared(operation);
    }

    /// <summary>What <see cref="RentShared"/> gave.</summary>
    public static void ReturnShared(T operation)
    {
        if (Interlocked.Increment(ref s_count) <= SharedLimit)
            s_shared.Enqueue(operation);
        else
            Interlocked.Decrement(ref s_count);
    }
}
