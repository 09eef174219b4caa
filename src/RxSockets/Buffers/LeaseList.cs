namespace RxSockets.Buffers;

/// <summary>Buffers in the order in which they came, linked by <see cref="BufferLease.Next"/>. Guarded by its owner.</summary>
internal struct LeaseList
{
    private BufferLease? _head;
    private BufferLease? _tail;

    public readonly bool IsEmpty => _head is null;

    public void Append(BufferLease buffer)
    {
        buffer.Next = null;
        if (_tail is null)
            _head = buffer;
        else
            _tail.Next = buffer;
        _tail = buffer;
    }

    /// <summary>The first one; there must be one.</summary>
    public BufferLease Unlink()
    {
        BufferLease buffer = _head!;
        _head = buffer.Next;
        if (_head is null)
            _tail = null;
        buffer.Next = null;
        return buffer;
    }

    /// <summary>All of them, still linked, for <see cref="ReleaseAll"/>.</summary>
    public BufferLease? TakeAll()
    {
        BufferLease? all = _head;
        _head = _tail = null;
        return all;
    }

    /// <summary>Releases what <see cref="TakeAll"/> gave. Outside of locks.</summary>
    public static void ReleaseAll(BufferLease? list)
    {
        while (list is not null)
        {
            BufferLease? next = list.Next;
            list.Next = null;
            list.Release();
            list = next;
        }
    }
}
