using System.Collections.Concurrent;

namespace RxSockets.Operations;

/// <summary>
/// Bounded pool of one kind of operation. Each thread has a magazine of <see cref="PerMagazine"/>, so that renting and returning on one thread costs no atomic step; full
/// ones go through a shared queue to threads that ran out, which matters where one thread rents what others return. Beyond <see cref="SharedLimit"/> an operation is left to the garbage collector.
/// </summary>
internal static class OperationPool<T>
    where T : class, new()
{
    /// <summary>Operations in the shared queue, at most.</summary>
    public const int SharedLimit = 1024;

    // Few: what a thread keeps another one may have to make.
    private const int PerMagazine = 8;

    [ThreadStatic]
    private static Magazine? t_loaded;

    private static readonly ConcurrentQueue<Magazine> s_full = new();
    private static readonly ConcurrentQueue<Magazine> s_empty = new();
    private static readonly ConcurrentQueue<T> s_single = new();
    private static int s_count;

    public static T Rent() => t_loaded is { Count: > 0 } loaded ? loaded.Take() : RentAnew();

    public static void Return(T operation)
    {
        if (t_loaded is { IsFull: false } loaded)
            loaded.Add(operation);
        else
            ReturnAnew(operation);
    }

    /// <summary>Past what a thread keeps: for operations that hold much, of which not every thread should keep one.</summary>
    public static T RentShared()
    {
        if (!s_single.TryDequeue(out T? operation))
            return new T();
        Interlocked.Decrement(ref s_count);
        return operation;
    }

    /// <summary>What <see cref="RentShared"/> gave.</summary>
    public static void ReturnShared(T operation)
    {
        if (TryCount(1))
            s_single.Enqueue(operation);
    }

    private static T RentAnew()
    {
        if (!s_full.TryDequeue(out Magazine? full))
            return new T();
        Interlocked.Add(ref s_count, -PerMagazine);
        if (t_loaded is not null)
            s_empty.Enqueue(t_loaded);
        t_loaded = full;
        return full.Take();
    }

    private static void ReturnAnew(T operation)
    {
        Magazine? loaded = t_loaded;
        Magazine next;
        if (loaded is null)
        {
            next = new Magazine();
        }
        else if (TryCount(PerMagazine))
        {
            next = s_empty.TryDequeue(out Magazine? empty) ? empty : new Magazine();
            s_full.Enqueue(loaded);
        }
        else
        {
            return;
        }

        t_loaded = next;
        next.Add(operation);
    }

    private static bool TryCount(int more)
    {
        if (Interlocked.Add(ref s_count, more) <= SharedLimit)
            return true;
        Interlocked.Add(ref s_count, -more);
        return false;
    }

    private sealed class Magazine
    {
        private readonly T?[] _operations = new T?[PerMagazine];

        public int Count { get; private set; }

        public bool IsFull => Count == PerMagazine;

        public T Take()
        {
            T operation = _operations[--Count]!;
            _operations[Count] = null;
            return operation;
        }

        public void Add(T operation) => _operations[Count++] = operation;
    }
}
