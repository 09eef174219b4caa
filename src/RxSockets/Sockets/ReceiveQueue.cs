using System.Net.Sockets;
using RxSockets.Buffers;
using RxSockets.Engines;
using RxSockets.Operations;

namespace RxSockets.Sockets;

/// <summary>
/// The receiving half of a connection: buffers that arrived and nobody read yet, and the decision when the engine may receive. Receiving
/// starts when a reader wants (or a first block, or the end, is waited for) and stops when the connection holds its limit: then the
/// kernel's window closes, and that is the backpressure. Guarded by the connection's lock.
/// </summary>
internal sealed partial class ReceiveQueue(Connection connection, Lock sync, int limit) : ItemSource<ReceivedSegment>(sync), IBufferHolder
{
    private const int DropsPerRun = 16;

    private BufferLease? _head;
    private BufferLease? _tail;
    private DrainWork? _drain;
    private SingleReceive? _single;
    private bool _drainScheduled;
    private BufferLease? _lent;
    private long _held;
    private bool _started;
    private bool _stopAsked;
    private bool _discard;
    private bool _eager;
    private SocketError? _end;
    private SocketError? _localEnd;

    public long BytesReceived
    {
        get;
        private set
        {
            field = value;
            LastReceive = connection.Port.Time.GetTimestamp();
        }
    }

    /// <summary>The reader of ReceiveAsync. Made when first asked for: who reads the stream needs none.</summary>
    public SingleReceive Single => Volatile.Read(ref _single) ?? Interlocked.CompareExchange(ref _single, new SingleReceive(this), null) ?? _single!;

    /// <summary>When bytes last came, on the port's clock; 0 if none did.</summary>
    public long LastReceive { get; private set; }

    /// <summary>Bytes that arrived and were not read.</summary>
    public long UnreadBytes { get; private set; }

    /// <summary>Under the lock: the engine reported the peer's FIN or a failure.</summary>
    public bool EndSeen => _end is not null;

    /// <summary>Under the lock: somebody reads.</summary>
    public bool HasActiveReader => HasReader;

    /// <summary>Under the lock: the peer's FIN came.</summary>
    public bool FinSeen => _end == SocketError.Success;

    protected override string Name => "The connection's received data";

    protected override bool IsEnded => _head is null && (_end ?? _localEnd) is not null;

    /// <summary>Receive although no reader wants: for the first block of data.</summary>
    public void ReceiveEagerly()
    {
        _eager = true;
        Demand();
    }

    /// <summary>Under the lock: bytes that came with the accept. They stay first in the stream.</summary>
    public void AddFirst(BufferLease buffer)
    {
        buffer.Next = _head;
        _head = buffer;
        _tail ??= buffer;
        _chained = null;
        Charge(buffer);
    }

    /// <summary>Under the lock: the next buffer, unread, or null. Stays in the queue.</summary>
    public BufferLease? Peek() => _head;

    /// <summary>Under the lock: takes bytes off the front of the queue without lending them.</summary>
    public BufferLease? Skip(int count)
    {
        BufferLease buffer = _head!;
        buffer.Advance(count);
        UnreadBytes -= count;
        return buffer.Length == 0 ? Unlink() : null;
    }

    /// <summary>Copies what is there, at most the memory's length, for a single receive. 0 with <see cref="TakeResult.Item"/>: empty memory and data is there.</summary>
    public TakeResult TryCopy(ItemReader reader, Memory<byte> destination, out int count)
    {
        BufferLease? emptied = null;
        count = 0;
        lock (Sync)
        {
            TakeResult entered = EnterLocked(reader);
            if (entered != TakeResult.Item)
                return entered;
            _examined = 0;
            if (_head is null && !IsEnded)
                Demand();
            if (_head is null)
            {
                if (IsEnded)
                    return TakeResult.Ended;
                reader.Waiting = true;
                return TakeResult.Pending;
            }

            count = Math.Min(destination.Length, _head.Length);
            _head.Unread.Span[..count].CopyTo(destination.Span);
            emptied = Skip(count);
        }

        emptied?.Release();
        return TakeResult.Item;
    }

    /// <summary>Under the lock: whatever comes from here on is dropped, until the end comes. Returns the buffers to release.</summary>
    public BufferLease? Discard()
    {
        _discard = true;
        Demand();
        return TakeAll();
    }

    /// <summary>Under the lock: this side ends the reader with an error; what was unread is dropped. Returns the buffers to release.</summary>
    public BufferLease? EndLocally(SocketError error)
    {
        // Whoever read everything up to the peer's end has seen that end, and sees it again.
        if (_end is null || _head is not null)
            _localEnd ??= error;
        BufferLease? unread = TakeAll();
        SignalLocked();
        return unread;
    }

    /// <summary>Under the lock: the engine's word that nothing more will come.</summary>
    public void EndFromPeer(SocketError error)
    {
        _started = false;
        _end ??= error;
        SignalLocked();
    }

    public void OnReceived(BufferLease buffer, bool more)
    {
        bool drop;
        lock (Sync)
        {
            _started = more;
            if (!more)
                _stopAsked = false;
            BytesReceived += buffer.Length;
            drop = _discard || _localEnd is not null;
            if (!drop)
            {
                Append(buffer);
                if (!_eager)
                    SignalLocked();
            }

            if (_discard)
                Demand();
            else if (_started && !_stopAsked && IsFull)
                StopLocked();
        }

        if (drop)
            buffer.Release();
    }

    public void OnStopped()
    {
        lock (Sync)
        {
            _started = false;
            _stopAsked = false;
            if (_discard || ReaderWaits || (_eager && _head is null))
                Demand();
            // Data that the start brought at once wakes nobody by itself.
            if (UnreadBytes > _examined || IsEnded)
                SignalLocked();
        }
    }

    /// <summary>A buffer of ours went home. Any thread.</summary>
    void IBufferHolder.Released(int capacity)
    {
        lock (Sync)
        {
            _held -= capacity;
            if (ReaderWaits)
            {
                Demand();
                if (UnreadBytes > _examined || IsEnded)
                    SignalLocked();
            }
        }
    }

    public override Exception? CreateEndError()
    {
        SocketError error;
        lock (Sync)
            error = _localEnd ?? _end ?? SocketError.Success;
        return error == SocketError.Success ? null : connection.CreateError(error, "receiving");
    }

    public override void Return(ReceivedSegment item) => ReturnLent();

    /// <summary>Ends the loan of the one segment that is out, if it is.</summary>
    public void ReturnLent()
    {
        BufferLease? lent = Interlocked.Exchange(ref _lent, null);
        lent?.EndLoan();
    }

    public override void Schedule(CompletionWork work) => connection.Socket.Schedule(work);

    public override void ReportUnhandled(Exception error) => connection.Port.Unhandled(error);

    public override void HandlerThrew(ReceivedSegment item, Exception error) => connection.HandlerThrew(error);

    protected override bool TryDequeue(out ReceivedSegment item)
    {
        _examined = 0;
        if (_head is null)
        {
            item = default;
            return false;
        }

        UnreadBytes -= _head.Length;
        _lent = Unlink();
        item = _lent.Lend();
        return true;
    }

    private bool IsFull => _held > 0 && _held >= limit + _parked;

    /// <summary>Under the lock: starts the receive unless it runs, is over, or the limit is held.</summary>
    protected override void Demand()
    {
        for (int dropped = 0; !_started && _end is null && !connection.CloseStarted && (_discard || (_localEnd is null && !IsFull)); dropped++)
        {
            // A peer that sends faster than we drop must not keep this thread, which holds the lock.
            if (_drainScheduled)
                return;
            if (dropped == DropsPerRun)
            {
                _drainScheduled = true;
                Schedule(_drain ??= new DrainWork(this));
                return;
            }

            _started = true;
            switch (connection.Socket.StartReceive(out BufferLease? buffer, out SocketError error))
            {
                case ReceiveStart.Pending:
                    return;
                case ReceiveStart.Ended:
                    _started = false;
                    connection.ReceiveEndedLocked(error);
                    return;
                case ReceiveStart.Received:
                    _started = false;
                    BytesReceived += buffer!.Length;
                    if (_discard)
                    {
                        buffer.Release();
                        continue;
                    }

                    Append(buffer);
                    return;
            }
        }
    }

    protected override void ReaderLeft() => connection.ReaderLeft();

    private void StopLocked()
    {
        _stopAsked = true;
        connection.Socket.StopReceive();
    }

    private void Append(BufferLease buffer)
    {
        buffer.Next = null;
        if (_tail is null)
            _head = buffer;
        else
            _tail.Next = buffer;
        _tail = buffer;
        Charge(buffer);
    }

    private void Charge(BufferLease buffer)
    {
        UnreadBytes += buffer.Length;
        _held += buffer.Capacity;
        _queued += buffer.Capacity;
        buffer.SetHolder(this);
    }

    private BufferLease Unlink()
    {
        BufferLease buffer = _head!;
        _head = buffer.Next;
        if (_head is null)
            _tail = null;
        if (_chained == buffer)
            _chained = null;
        buffer.Next = null;
        _queued -= buffer.Capacity;
        _parked = 0;
        if (_head is null && _end is not null)
            connection.ReadsMovedLocked();
        return buffer;
    }

    private BufferLease? TakeAll()
    {
        BufferLease? all = _head;
        _head = _tail = _chained = null;
        UnreadBytes = _queued = _parked = 0;
        if (_borrower is null || all is null)
            return all;
        _orphans = all;
        return null;
    }

    /// <summary>Releases a list taken from the queue. Outside of locks.</summary>
    public static void ReleaseAll(BufferLease? list) => LeaseList.ReleaseAll(list);

    /// <summary>Goes on dropping.</summary>
    private sealed class DrainWork(ReceiveQueue queue) : CompletionWork
    {
        public override void Run()
        {
            lock (queue.Sync)
            {
                queue._drainScheduled = false;
                queue.Demand();
            }
        }
    }

    /// <summary>Under the lock: the first block is there or not wanted any more; from here on only readers receive.</summary>
    public void EndEager() => _eager = false;
}
