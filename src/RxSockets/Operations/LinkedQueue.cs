namespace RxSockets.Operations;

/// <summary>Something that waits in one <see cref="LinkedQueue{T}"/> at a time.</summary>
internal interface ILinked<T>
    where T : class
{
    /// <summary>Belongs to the queue.</summary>
    T? NextLinked { get; set; }
}

/// <summary>Operations in call order; any of them can be taken out. Part of its owner, never copied, and guarded by it.</summary>
internal struct LinkedQueue<T>
    where T : class, ILinked<T>
{
    private T? _tail;

    public T? Head { readonly get; private set; }

    public void Append(T item)
    {
        if (_tail is null)
            Head = item;
        else
            _tail.NextLinked = item;
        _tail = item;
    }

    /// <summary>The first one; there must be one.</summary>
    public T Dequeue()
    {
        T item = Head!;
        Head = item.NextLinked;
        if (Head is null)
            _tail = null;
        item.NextLinked = null;
        return item;
    }

    public readonly bool Contains(T item)
    {
        for (T? at = Head; at is not null; at = at.NextLinked)
        {
            if (at == item)
                return true;
        }

        return false;
    }

    /// <summary>False when it is not in the queue.</summary>
    public bool Remove(T item)
    {
        T? before = null;
        for (T? at = Head; at is not null; before = at, at = at.NextLinked)
        {
            if (at != item)
                continue;
            if (before is null)
                Head = at.NextLinked;
            else
                before.NextLinked = at.NextLinked;
            if (_tail == at)
                _tail = before;
            at.NextLinked = null;
            return true;
        }

        return false;
    }
}
