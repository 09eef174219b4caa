using RxSockets.Operations;

namespace RxSockets.Sockets;

/// <summary>The operations of a write queue, in call order. Part of its queue, never copied; guarded by the connection's lock.</summary>
internal struct WriteList
{
    private WriteOperation? _tail;

    public WriteOperation? Head { readonly get; private set; }

    public void Append(WriteOperation operation)
    {
        if (_tail is null)
            Head = operation;
        else
            _tail.NextWrite = operation;
        _tail = operation;
    }

    public WriteOperation Dequeue()
    {
        WriteOperation operation = Head!;
        Head = operation.NextWrite;
        if (Head is null)
            _tail = null;
        operation.NextWrite = null;
        return operation;
    }

    public readonly bool Contains(WriteOperation operation)
    {
        for (WriteOperation? at = Head; at is not null; at = at.NextWrite)
        {
            if (at == operation)
                return true;
        }

        return false;
    }

    public bool Remove(WriteOperation operation)
    {
        WriteOperation? before = null;
        for (WriteOperation? at = Head; at is not null; before = at, at = at.NextWrite)
        {
            if (at != operation)
                continue;
            if (before is null)
                Head = at.NextWrite;
            else
                before.NextWrite = at.NextWrite;
            if (_tail == at)
                _tail = before;
            at.NextWrite = null;
            return true;
        }

        return false;
    }
}
