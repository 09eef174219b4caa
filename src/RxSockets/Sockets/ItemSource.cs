using RxSockets.Operations;

namespace RxSockets.Sockets;

/// <summary>
/// A cold sequence with one reader at a time: accepted connections, received segments. The pulled and the pushed form of a stream read
/// through this one machine. Items that no reader took stay for the next one; the end is replayed to whoever comes after it.
/// Not a broadcast: a second reader is refused, unless the first one is inside its OnNext; then the second waits until that unwinds, since
/// <c>await stream.FirstAsync()</c> resumes there, before the first has unsubscribed (System.Reactive 7.0.0).
/// </summary>
internal abstract class ItemSource<T>(Lock sync)
{
    private ItemReader? _reader;
    private ItemReader? _successor;

    protected Lock Sync { get; } = sync;

    /// <summary>Under the lock.</summary>
    protected bool HasReader => _reader is not null;

    /// <summary>Under the lock.</summary>
    protected bool ReaderWaits => _reader is { Waiting: true };

    /// <summary>What the stream calls itself in messages.</summary>
    protected abstract string Name { get; }

    public void Attach(ItemReader reader)
    {
        lock (Sync)
        {
            if (_reader is null)
            {
                _reader = reader;
                reader.Granted = true;
            }
            else if (_reader.InCallback && _successor is null)
            {
                _successor = reader;
            }
            else
            {
                reader.Refused = true;
            }
        }
    }

    /// <summary>The exception of a refused reader.</summary>
    public InvalidOperationException AlreadyRead() =>
        new($"{Name} has a reader already: it is one sequence, not a broadcast. Share it with Publish().");

    /// <summary>Takes the next item, or has the reader scheduled when there is one.</summary>
    public TakeResult TryTake(ItemReader reader, out T? item)
    {
        lock (Sync)
            return TakeLocked(reader, out item, push: false);
    }

    /// <summary>The same for a reader that pushes: ends its callback, looks at its successor, and begins the next callback.</summary>
    public TakeResult NextCallback(ItemReader reader, out T? item)
    {
        TakeResult result;
        lock (Sync)
        {
            EndCallbackLocked(reader);
            result = TakeLocked(reader, out item, push: true);
        }

        if (result == TakeResult.Left)
            ReaderLeft();
        return result;
    }

    /// <summary>The reader leaves. Idempotent, any thread; inside OnNext it takes effect when that unwinds.</summary>
    public void Leave(ItemReader reader)
    {
        lock (Sync)
        {
            reader.Left = true;
            reader.Waiting = false;
            if (_successor == reader)
                _successor = null;
            if (_reader != reader || reader.InCallback)
                return;
            ReleaseLocked();
        }

        ReaderLeft();
    }

    /// <summary>The reader's token was cancelled: if it waits, it is scheduled and finds <see cref="TakeResult.Cancelled"/>.</summary>
    public void Cancel(ItemReader reader)
    {
        lock (Sync)
        {
            reader.Cancelled = true;
            WakeLocked(reader);
        }
    }

    /// <summary>A new instance at each call, so that every reader's stack is its own; null for an orderly end.</summary>
    public abstract Exception? CreateEndError();

    /// <summary>The reader is done with the item it took. Outside of locks.</summary>
    public abstract void Return(T item);

    /// <summary>Runs work where this stream's completions run.</summary>
    public abstract void Schedule(CompletionWork work);

    /// <summary>User code threw where nobody can be told.</summary>
    public abstract void ReportUnhandled(Exception error);

    /// <summary>User code threw from OnNext.</summary>
    public abstract void HandlerThrew(T item, Exception error);

    /// <summary>The reader gave its place up, perhaps to a successor. Outside of the lock.</summary>
    protected virtual void ReaderLeft()
    {
    }

    /// <summary>Under the lock.</summary>
    protected abstract bool TryDequeue(out T? item);

    /// <summary>Under the lock: the end was reached and nothing is left.</summary>
    protected abstract bool IsEnded { get; }

    /// <summary>Under the lock: a reader is here and nothing is. May find items at once.</summary>
    protected abstract void Demand();

    /// <summary>Under the lock: has the waiting reader scheduled, if there is one.</summary>
    protected void SignalLocked()
    {
        if (_reader is not null)
            WakeLocked(_reader);
    }

    /// <summary>Under the lock: the reader's OnNext unwound. Who came meanwhile is refused if the reader stays.</summary>
    protected void EndCallbackLocked(ItemReader reader)
    {
        reader.InCallback = false;
        if (reader.Left || _reader != reader || _successor is not { } refused)
            return;
        _successor = null;
        refused.Refused = true;
        WakeLocked(refused);
    }

    /// <summary>Under the lock: may this reader read now? One that left inside its OnNext gives its place up here.</summary>
    protected TakeResult EnterOrLeaveLocked(ItemReader reader)
    {
        TakeResult entered = EnterLocked(reader);
        if (entered == TakeResult.Left && _reader == reader)
            ReleaseLocked();
        return entered;
    }

    /// <summary>Under the lock: may this reader read now?</summary>
    protected TakeResult EnterLocked(ItemReader reader)
    {
        if (reader.Refused)
            return TakeResult.Refused;
        if (reader.Cancelled)
            return TakeResult.Cancelled;
        if (reader.Granted)
            return reader.Left ? TakeResult.Left : TakeResult.Item;
        reader.Waiting = !reader.Left;
        return reader.Left ? TakeResult.Left : TakeResult.Pending;
    }

    private TakeResult TakeLocked(ItemReader reader, out T? item, bool push)
    {
        item = default;
        TakeResult entered = EnterOrLeaveLocked(reader);
        if (entered != TakeResult.Item)
            return entered;
        bool found = TryDequeue(out item);
        if (!found && !IsEnded)
        {
            // Items may come at once; that finds nobody waiting yet, so look again before the reader waits.
            Demand();
            found = TryDequeue(out item);
        }

        if (!found)
        {
            if (IsEnded)
                return TakeResult.Ended;
            reader.Waiting = true;
            return TakeResult.Pending;
        }

        reader.InCallback = push;
        return TakeResult.Item;
    }

    private void ReleaseLocked()
    {
        _reader = _successor;
        _successor = null;
        if (_reader is null)
            return;
        _reader.Granted = true;
        WakeLocked(_reader);
    }

    private void WakeLocked(ItemReader reader)
    {
        if (!reader.Waiting)
            return;
        reader.Waiting = false;
        Schedule(reader);
    }
}
