using System.Buffers;
using RxSockets.Buffers;

namespace RxSockets.Sockets;

/// <content>
/// Reading as PipeReader does: a reader gets a sequence over all that is unread, and says with its next call how much of it it consumed and how
/// much it has seen. The buffers stay in the queue meanwhile, so what was not consumed is the next reader's.
/// </content>
internal sealed partial class ReceiveQueue
{
    // Who has a sequence: its buffers must not go home. A connection that ends meanwhile leaves them in _orphans for that reader to release.
    private ItemReader? _borrower;
    private BufferLease? _orphans;
    // Last buffer whose node is linked; null when the chain is to be built anew.
    private BufferLease? _chained;
    // Bytes that the waiting reader has seen already.
    private long _examined;
    // Capacity of the queued buffers, and that of those the reader has seen and cannot use yet. The latter does not count against the limit:
    // a frame may be longer than the limit, and its reader has a maximum of its own.
    private long _queued;
    private long _parked;

    /// <summary>The connection ended on this side while a sequence is out: the rest of it is not to be used.</summary>
    public bool IsCut => Volatile.Read(ref _orphans) is not null;

    /// <summary>
    /// Takes the consumed bytes of the former sequence off the queue. Then a sequence of everything unread, if that is more than
    /// <paramref name="examined"/> bytes; or the end; or the reader is scheduled when there is more.
    /// </summary>
    public TakeResult TryRead(ItemReader reader, long consumed, long examined, bool push, out ReadOnlySequence<byte> bytes)
    {
        TakeResult result;
        BufferLease? done;
        lock (Sync)
        {
            done = TakeBackLocked(reader, consumed);
            EndCallbackLocked(reader);
            result = ReadLocked(reader, examined, push, ref done, out bytes);
        }

        ReleaseAll(done);
        if (result == TakeResult.Left)
            ReaderLeft();
        return result;
    }

    /// <summary>The reader leaves for good, having consumed this much of the sequence that is out.</summary>
    public void Leave(ItemReader reader, long consumed)
    {
        BufferLease? done;
        lock (Sync)
        {
            done = TakeBackLocked(reader, consumed);
            reader.InCallback = false;
        }

        ReleaseAll(done);
        Leave(reader);
    }

    private TakeResult ReadLocked(ItemReader reader, long examined, bool push, ref BufferLease? done, out ReadOnlySequence<byte> bytes)
    {
        bytes = default;
        _examined = 0;
        TakeResult entered = EnterOrLeaveLocked(reader);
        if (entered != TakeResult.Item)
            return entered;
        if (UnreadBytes <= examined && (_end ?? _localEnd) is null)
        {
            ParkLocked(ref done);
            Demand();
        }

        if (UnreadBytes > examined)
        {
            bytes = CreateSequence();
            _borrower = reader;
            reader.InCallback = push;
            return TakeResult.Item;
        }

        if ((_end ?? _localEnd) is not null)
            return TakeResult.Ended;
        _examined = examined;
        reader.Waiting = true;
        return TakeResult.Pending;
    }

    // What the sequence covered comes back: the consumed part is the caller's to release.
    private BufferLease? TakeBackLocked(ItemReader reader, long consumed)
    {
        if (_borrower != reader)
            return null;
        _borrower = null;
        BufferLease? done = _orphans;
        _orphans = null;
        if (done is not null)
            return done;
        while (consumed > 0)
        {
            int count = (int)Math.Min(consumed, _head!.Length);
            consumed -= count;
            if (Skip(count) is not { } emptied)
                break;
            emptied.Next = done;
            done = emptied;
        }

        return done;
    }

    // The reader has seen everything and needs more. A peer that sends a byte at a time fills a buffer with each: such buffers are joined.
    private void ParkLocked(ref BufferLease? done)
    {
        _parked = 0;
        if (IsFull && UnreadBytes < _queued / 2)
        {
            _chained = null;
            for (BufferLease at = _head!; at.Next is { } next;)
            {
                if (!at.TryAbsorb(next))
                {
                    at = next;
                    continue;
                }

                at.Next = next.Next;
                if (_tail == next)
                    _tail = at;
                _queued -= next.Capacity;
                next.Next = done;
                done = next;
            }
        }

        _parked = _queued;
    }

    private ReadOnlySequence<byte> CreateSequence()
    {
        if (_head == _tail)
            return new ReadOnlySequence<byte>(_head!.Unread);
        if (_chained is null)
        {
            _chained = _head!;
            _chained.Node.Begin(_chained.Filled);
        }

        for (; _chained.Next is { } next; _chained = next)
            next.Node.Follow(_chained.Node, next.Unread, next.Start);
        return new ReadOnlySequence<byte>(_head!.Node, _head.Start - _head.Node.Origin, _tail!.Node, _tail.Start + _tail.Length - _tail.Node.Origin);
    }
}
