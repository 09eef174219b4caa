using System.Net.Sockets;

namespace RxSockets.Testing;

/// <summary>
/// One direction of a connection: bytes that are on their way, then arrived and not read. The writer may have <see cref="Capacity"/> bytes out that
/// the reader has not taken. Guarded by the network's lock; the ends hear by <see cref="SimulatedSocket"/>'s steps, never inside a call.
/// </summary>
internal sealed class Pipe(SimulatedNetwork network, SimulatedLink link, int capacity)
{
    private readonly Queue<Item> _onTheWay = new();
    private readonly Queue<byte[]> _arrived = new();
    private int _headTaken;
    private long _lastArrival;
    private long _busyUntil;
    private long _takenUnsaid;
    private bool _ackOnTheWay;
    private bool _held;
    private long _deliveries;

    public SimulatedLink Link => link;

    /// <summary>The other direction.</summary>
    public Pipe Reverse { get; set; } = null!;

    public SimulatedSocket? Reader { get; set; }

    public SimulatedSocket? Writer { get; set; }

    /// <summary>The reader's end is closed: what arrives is answered by a reset.</summary>
    public bool ReaderClosed { get; set; }

    public int Capacity { get; set; } = capacity;

    /// <summary>Bytes arrived and not read.</summary>
    public int Available { get; private set; }

    /// <summary>Bytes that the reader does not have yet, by what the writer knows.</summary>
    public long Outstanding { get; private set; }

    /// <summary>Bytes that the reader took, by what the writer knows.</summary>
    public long Taken { get; private set; }

    public bool FinSent { get; private set; }

    public bool FinArrived { get; private set; }

    /// <summary>The connection is broken, as the reader sees it.</summary>
    public SocketError? ReaderError { get; private set; }

    /// <summary>The connection is broken, as the writer sees it.</summary>
    public SocketError? WriterError { get; private set; }

    public int Free => (int)Math.Max(0, Capacity - Outstanding);

    public void Send(byte[] bytes)
    {
        Outstanding += bytes.Length;
        if (network.Plants(PlantedBug.ReorderedBytes, oneIn: 25) && bytes.Length > 1)
            bytes = [.. bytes.AsSpan(bytes.Length / 2), .. bytes.AsSpan(0, bytes.Length / 2)];
        long cost = link.BytesPerSecond > 0 ? bytes.Length * TimeSpan.TicksPerSecond / link.BytesPerSecond : 0;
        _busyUntil = Math.Max(_busyUntil, network.Loop.Now) + cost;
        Enqueue(new Item(ItemKind.Data, bytes), _busyUntil);
    }

    public void SendFin()
    {
        if (FinSent)
            return;
        FinSent = true;
        Enqueue(new Item(ItemKind.Fin, null), Math.Max(_busyUntil, network.Loop.Now));
    }

    /// <summary>The writer's end is gone in disorder. What it had not put on the wire is lost.</summary>
    public void SendReset()
    {
        WriterError ??= SocketError.ConnectionReset;
        // One that was lost behind a partition is sent again when the next bytes come.
        if (!_onTheWay.Any(static item => item.Kind == ItemKind.Reset))
            Enqueue(new Item(ItemKind.Reset, null), network.Loop.Now);
    }

    /// <summary>Both ends of the connection find it broken, now; the reader of this direction with this error.</summary>
    public void Break(SocketError error)
    {
        BreakReader(error);
        Reverse.BreakReader(SocketError.ConnectionReset);
    }

    /// <summary>For messages.</summary>
    public override string ToString() =>
        $"to {Reader?.RemoteEndPoint}: {Outstanding} of {Capacity} outstanding, {_onTheWay.Count} on the way{(_held ? " held" : "")}, {Available} arrived, " +
        $"errors {ReaderError} {WriterError}, FIN {FinSent} {FinArrived}, closed {ReaderClosed}";

    /// <summary>Takes what arrived, as much as fits.</summary>
    public int Take(Span<byte> into)
    {
        int taken = 0;
        while (taken < into.Length && _arrived.TryPeek(out byte[]? head))
        {
            int count = Math.Min(into.Length - taken, head.Length - _headTaken);
            head.AsSpan(_headTaken, count).CopyTo(into[taken..]);
            taken += count;
            _headTaken += count;
            if (_headTaken < head.Length)
                break;
            _headTaken = 0;
            _arrived.Dequeue();
        }

        Available -= taken;
        Acknowledge(taken);
        return taken;
    }

    /// <summary>The reader's end closes. The writer is told by a reset if bytes were left in it, or come yet.</summary>
    public void CloseReader()
    {
        ReaderClosed = true;
        Reader = null;
        _arrived.Clear();
        bool unread = Available > 0;
        Available = 0;
        // Also where this end has given up: a writer that waits for room asks, and is answered so.
        if (unread)
            Reverse.SendReset();
        if (Reverse.ReaderClosed)
            network.Forget(this);
    }

    private void BreakReader(SocketError error)
    {
        LoseWhatIsOnTheWay();
        TellReader(error);
    }

    private void LoseWhatIsOnTheWay()
    {
        _onTheWay.Clear();
        _deliveries++;
        _held = false;
    }

    private void TellReader(SocketError error)
    {
        ReaderError ??= error;
        Reverse.WriterError ??= error;
        Reader?.IncomingMoved();
        Reverse.Writer?.OutgoingMoved();
    }

    private void Enqueue(Item item, long leaves)
    {
        _lastArrival = Math.Max(_lastArrival, leaves + link.Delay());
        _onTheWay.Enqueue(item);
        item.ArrivesAt = _lastArrival;
        if (_onTheWay.Count == 1)
            Await();
    }

    private void Await()
    {
        long delivery = ++_deliveries;
        network.Loop.After(Math.Max(0, _onTheWay.Peek().ArrivesAt - network.Loop.Now), () => Arrive(delivery));
    }

    private void Arrive(long delivery)
    {
        lock (network.Loop.Sync)
        {
            if (delivery != _deliveries || _onTheWay.Count == 0)
                return;
            if (link.IsPartitioned)
            {
                HoldBack(delivery);
                return;
            }

            _held = false;
            Item item = _onTheWay.Dequeue();
            if (_onTheWay.Count > 0)
                Await();
            switch (item.Kind)
            {
                case ItemKind.Data or ItemKind.Fin when ReaderError is not null || (ReaderClosed && item.Kind == ItemKind.Data):
                    // Nobody is there to take it.
                    Outstanding -= item.Bytes?.Length ?? 0;
                    Reverse.SendReset();
                    break;
                case ItemKind.Data:
                    _arrived.Enqueue(item.Bytes!);
                    Available += item.Bytes!.Length;
                    break;
                case ItemKind.Fin:
                    FinArrived = true;
                    break;
                default:
                    BreakReader(SocketError.ConnectionReset);
                    return;
            }

            Reader?.IncomingMoved();
        }
    }

    private void HoldBack(long delivery)
    {
        link.Hold(() => Arrive(delivery));
        if (_held)
            return;
        _held = true;
        network.Loop.After(network.Options.RetransmissionTimeout.Ticks, () => GiveUp(delivery));
    }

    // Nobody answered for too long: the writer gives up. The reader knows nothing of it, before it sends something and is answered by a reset.
    private void GiveUp(long delivery)
    {
        lock (network.Loop.Sync)
        {
            if (delivery != _deliveries || !_held)
                return;
            LoseWhatIsOnTheWay();
            Reverse.TellReader(SocketError.TimedOut);
        }
    }

    private void Acknowledge(int count)
    {
        _takenUnsaid += count;
        if (_ackOnTheWay || _takenUnsaid == 0)
            return;
        _ackOnTheWay = true;
        network.Loop.After(link.Delay(), Acknowledged);
    }

    private void Acknowledged()
    {
        lock (network.Loop.Sync)
        {
            if (link.IsPartitioned)
            {
                link.Hold(Acknowledged);
                return;
            }

            _ackOnTheWay = false;
            Outstanding -= _takenUnsaid;
            Taken += _takenUnsaid;
            _takenUnsaid = 0;
            Writer?.OutgoingMoved();
        }
    }

    private enum ItemKind
    {
        Data,
        Fin,
        Reset,
    }

    private sealed class Item(ItemKind kind, byte[]? bytes)
    {
        public ItemKind Kind => kind;

        public byte[]? Bytes => bytes;

        public long ArrivesAt { get; set; }
    }
}
