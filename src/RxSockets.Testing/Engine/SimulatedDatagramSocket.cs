using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using RxSockets.Buffers;
using RxSockets.Engines;
using RxSockets.Operations;

namespace RxSockets.Testing;

/// <summary>
/// A bound datagram socket of a host. What it sends is lost by the link's chance, behind a partition, and where nobody listens or the receiver's buffer (ReceiveBufferSize, 1 MiB by default) is full; with
/// jitter datagrams overtake each other. Groups and broadcast mean nothing on this network and are refused. Guarded by the network's lock.
/// </summary>
internal sealed class SimulatedDatagramSocket : EngineDatagramSocket
{
    // What a datagram that waits counts beside its bytes, about as Linux counts it, and how much may wait where no ReceiveBufferSize was asked for.
    private const int Overhead = 768;
    private const int DefaultReceiveBuffer = 1 << 20;
    private const int DefaultSendBuffer = 212_992;

    private readonly SimulatedEngine _engine;
    private readonly BufferPool _buffers;
    private readonly int _maxSize;
    private readonly bool _dualMode;
    private readonly SocketOptions _options = new();
    private readonly Queue<(IPEndPoint From, byte[] Payload)> _arrived = new();
    private readonly Dictionary<SimulatedHost, Queue<Flight>> _ways = [];
    private readonly long _number;
    private IDatagramSink _sink = null!;
    private IPEndPoint? _remote;
    private Request? _receive;
    private Request? _send;
    private bool _stopAsked;
    private bool _starving;
    private bool _refused;
    private long _waiting;
    private bool _closing;
    private bool _finishing;

    public SimulatedDatagramSocket(SimulatedEngine engine, DatagramRequest request)
    {
        _engine = engine;
        _maxSize = request.MaxDatagramSize;
        _dualMode = request.DualMode;
        _options.Set(SocketOptionLevel.Socket, SocketOptionName.ReceiveBuffer, request.ReceiveBufferSize > 0 ? request.ReceiveBufferSize : DefaultReceiveBuffer);
        _options.Set(SocketOptionLevel.Socket, SocketOptionName.SendBuffer, request.SendBufferSize > 0 ? request.SendBufferSize : DefaultSendBuffer);
        _buffers = new BufferPool(DatagramLayout.BufferSizeFor(request.MaxDatagramSize), engine.Options.MaxReceiveBufferBytes);
        _buffers.BufferAvailable += OnBufferAvailable;
        lock (engine.Loop.Sync)
        {
            if (!engine.Host.TryOpenDescriptor())
                throw new SocketException((int)SocketError.TooManyOpenSockets);
            try
            {
                LocalEndPoint = engine.Host.BindPort(request.Local, datagram: true);
            }
            catch
            {
                engine.Host.CloseDescriptor();
                throw;
            }

            _number = engine.Network.NextNumber();
            engine.DatagramBuffers.Add(_buffers);
            engine.Host.Datagrams[LocalEndPoint.Port] = this;
        }
    }

    public override IPEndPoint LocalEndPoint { get; }

    public override SafeHandle Handle => throw new NotSupportedException("A simulated socket has no native handle: it is memory. What needs one needs a real engine.");

    private SimulationLoop Loop => _engine.Loop;

    public override void Attach(IDatagramSink sink) => _sink = sink;

    public override ReceiveStart StartReceive(out BufferLease? datagram, out SocketError error)
    {
        datagram = null;
        error = SocketError.Success;
        lock (Loop.Sync)
        {
            if (_receive is not null || _closing)
                _engine.Network.Violated("A receive of datagrams was started twice, or while closing.");
            _engine.Statistics.Submitted(Verb.Receive);
            if (TakeRefusal())
            {
                error = SocketError.ConnectionRefused;
                _engine.Statistics.Completed(Verb.Receive);
                return ReceiveStart.Ended;
            }

            _stopAsked = false;
            _receive = _engine.Begin("receive datagrams");
            Moved();
            return ReceiveStart.Pending;
        }
    }

    public override void StopReceive()
    {
        lock (Loop.Sync)
        {
            _stopAsked = true;
            Moved();
        }
    }

    public override bool StartSend(DatagramBatch batch, out int sent, out SocketError error)
    {
        foreach (ReadOnlyMemory<byte> piece in batch.Pieces)
            PinnedMemory.Check(piece);
        lock (Loop.Sync)
        {
            if (_send is not null || _closing)
                _engine.Network.Violated("Datagrams were sent twice at a time, or while closing.");
            _engine.Statistics.Submitted(Verb.Send);
            if (Loop.Random.Below(2) == 0)
            {
                error = SendAll(batch, out sent);
                _engine.Statistics.Completed(Verb.Send);
                return false;
            }

            sent = 0;
            error = SocketError.Success;
            _send = _engine.Begin("send datagrams");
            _engine.Step(_send, () => FinishSend(batch));
            return true;
        }
    }

    /// <summary>They leave in one step: there is nothing to be cancelled.</summary>
    public override void CancelSend()
    {
    }

    public override SocketError Connect(SocketAddress remote)
    {
        lock (Loop.Sync)
            _remote = (IPEndPoint)LocalEndPoint.Create(remote);
        return SocketError.Success;
    }

    public override void Close()
    {
        lock (Loop.Sync)
        {
            if (_closing)
                return;
            _closing = true;
            Moved();
            CloseMoved();
        }
    }

    public override int GetOption(SocketOptionLevel level, SocketOptionName name)
    {
        lock (Loop.Sync)
            return _options.Get(level, name);
    }

    public override void SetOption(SocketOptionLevel level, SocketOptionName name, int value)
    {
        lock (Loop.Sync)
            _options.Set(level, name, value);
    }

    public override void SetMembership(bool join, IPAddress group, int interfaceIndex) => throw NoGroups();

    public override void SetMulticastInterface(AddressFamily family, int interfaceIndex) => throw NoGroups();

    public override void Schedule(CompletionWork work) => _engine.Schedule(work);

    private static NotSupportedException NoGroups() => new("The simulated network has no groups.");

    private SocketError SendAll(DatagramBatch batch, out int sent)
    {
        for (sent = 0; sent < batch.Count; sent++)
        {
            // As on Linux: whoever asks first hears of it, and a datagram that is asked for then does not leave.
            if (TakeRefusal())
                return SocketError.ConnectionRefused;

            DatagramBatch.Entry entry = batch.Datagrams[sent];
            IPEndPoint? to = entry.Destination is { } destination ? (IPEndPoint)LocalEndPoint.Create(destination) : _remote;
            if (to is null)
                return SocketError.NotConnected;
            if (entry.Bytes > DatagramLayout.LargestPayload)
                return SocketError.MessageSize;
            byte[] payload = new byte[entry.Bytes];
            int at = 0;
            foreach (ReadOnlyMemory<byte> piece in batch.PiecesOf(sent))
            {
                piece.Span.CopyTo(payload.AsSpan(at));
                at += piece.Length;
            }

            Launch(to, payload);
        }

        return SocketError.Success;
    }

    private void Launch(IPEndPoint to, byte[] payload)
    {
        _engine.Network.Record(_engine.Host, _number, "datagram sent", payload.Length);
        if (_engine.Host.Route(to) is not { } target)
            return;
        SimulatedLink link = _engine.Network.LinkBetween(_engine.Host, target);
        if (link.IsPartitioned || Loop.Random.Chance(link.DatagramLoss))
            return;
        IPAddress address = Unmapped.Of(to.Address);
        bool toLoopback = IPAddress.IsLoopback(address);
        bool v4 = address.AddressFamily == AddressFamily.InterNetwork;
        IPAddress own = v4 ? toLoopback ? IPAddress.Loopback : _engine.Host.Address : toLoopback ? IPAddress.IPv6Loopback : _engine.Host.AddressV6;
        var from = new IPEndPoint(own, LocalEndPoint.Port);
        // What happens at one moment happens in any order; datagrams on one way overtake each other only where it has jitter, and then each has a way of its own.
        Queue<Flight> way = link.Jitter > TimeSpan.Zero ? [] : WayTo(target);
        way.Enqueue(new Flight(from, new IPEndPoint(address, to.Port), payload));
        Loop.After(link.Delay(), () => Arrive(way, target, link));
    }

    private Queue<Flight> WayTo(SimulatedHost target)
    {
        if (!_ways.TryGetValue(target, out Queue<Flight>? way))
            _ways[target] = way = [];
        return way;
    }

    private void Arrive(Queue<Flight> way, SimulatedHost target, SimulatedLink link)
    {
        lock (Loop.Sync)
        {
            Flight flight = way.Dequeue();
            if (target.Datagrams.TryGetValue(flight.To.Port, out SimulatedDatagramSocket? receiver) && receiver.Hears(flight.From))
                receiver.Add(flight.From, flight.Payload);
            else
                Loop.After(link.Delay(), () => Refused(flight.To));
        }
    }

    // The word of ICMP about an earlier datagram; heard where the socket is connected to whoever refused it, as on a real system.
    private void Refused(IPEndPoint by)
    {
        lock (Loop.Sync)
        {
            _refused |= !_closing && IsConnectedTo(by);
            Moved();
        }
    }

    // Each is told once.
    private bool TakeRefusal()
    {
        bool refused = _refused;
        _refused = false;
        return refused;
    }

    private bool Hears(IPEndPoint from) =>
        (LocalEndPoint.AddressFamily == from.AddressFamily || _dualMode) && (_remote is null || IsConnectedTo(from));

    private bool IsConnectedTo(IPEndPoint peer) => _remote is not null && _remote.Port == peer.Port && Unmapped.Of(_remote.Address).Equals(peer.Address);

    private void Add(IPEndPoint from, byte[] payload)
    {
        // As a kernel's, an empty buffer takes one of any size.
        if (_closing || (_waiting > 0 && _waiting + payload.Length + Overhead > _options.Get(SocketOptionLevel.Socket, SocketOptionName.ReceiveBuffer)))
            return;
        _waiting += payload.Length + Overhead;
        bool mapped = LocalEndPoint.AddressFamily == AddressFamily.InterNetworkV6 && from.AddressFamily == AddressFamily.InterNetwork;
        _arrived.Enqueue((mapped ? new IPEndPoint(from.Address.MapToIPv6(), from.Port) : from, payload));
        Moved();
    }

    private void Moved()
    {
        if (_receive is not null && (_stopAsked || _closing || _refused || _arrived.Count > 0))
            _engine.Step(_receive, StepReceive);
    }

    private void StepReceive()
    {
        Action? tell;
        lock (Loop.Sync)
            tell = StepReceiveLocked();
        tell?.Invoke();
        CloseMoved();
    }

    private Action? StepReceiveLocked()
    {
        if (_closing || (_stopAsked && Loop.Random.Below(2) == 0))
            return EndReceive(() => _sink.OnReceiveStopped(SocketError.Success));
        if (TakeRefusal())
            return EndReceive(() => _sink.OnReceiveStopped(SocketError.ConnectionRefused));

        if (_arrived.Count == 0)
            return _stopAsked ? EndReceive(() => _sink.OnReceiveStopped(SocketError.Success)) : null;
        if (_buffers.TryRent() is not { } buffer)
        {
            _starving = true;
            return null;
        }

        Fill(buffer);
        if (Loop.Random.Chance(_engine.Faults.MultishotEnd))
            return EndReceive(() => _sink.OnReceived(buffer, more: false));
        Moved();
        return () => _sink.OnReceived(buffer, more: true);
    }

    private void Fill(BufferLease buffer)
    {
        (IPEndPoint from, byte[] payload) = _arrived.Dequeue();
        _waiting -= payload.Length + Overhead;
        SocketAddress sender = from.Serialize();
        sender.Buffer.Span[..sender.Size].CopyTo(buffer.Memory.Span[DatagramLayout.AddressOffset..]);
        int length = Math.Min(payload.Length, _maxSize);
        payload.AsSpan(0, length).CopyTo(buffer.Memory.Span[DatagramLayout.PayloadOffset..]);
        buffer.FillDatagram(sender.Size, length, truncated: payload.Length > _maxSize);
        _engine.Network.Record(_engine.Host, _number, "datagram received", length);
    }

    private Action EndReceive(Action tell)
    {
        _engine.Statistics.Completed(Verb.Receive);
        _engine.End(_receive!);
        _receive = null;
        return tell;
    }

    private void FinishSend(DatagramBatch batch)
    {
        int sent = 0;
        SocketError error = SocketError.OperationAborted;
        lock (Loop.Sync)
        {
            if (!_closing)
                error = SendAll(batch, out sent);
            _engine.Statistics.Completed(Verb.Send);
            _engine.End(_send!);
            _send = null;
        }

        _sink.OnSendCompleted(sent, error);
        CloseMoved();
    }

    private void CloseMoved()
    {
        lock (Loop.Sync)
        {
            if (!_closing || _finishing || _receive is not null || _send is not null)
                return;
            _finishing = true;
            Loop.After(0, FinishClose);
        }
    }

    private void FinishClose()
    {
        lock (Loop.Sync)
        {
            _buffers.BufferAvailable -= OnBufferAvailable;
            _engine.Host.Datagrams.Remove(LocalEndPoint.Port);
            _engine.Host.UnbindPort(LocalEndPoint, datagram: true);
            _engine.Host.CloseDescriptor();
            _engine.Statistics.Completed(Verb.Close);
        }

        _sink.OnClosed();
    }

    private void OnBufferAvailable()
    {
        lock (Loop.Sync)
        {
            _buffers.Sated();
            if (!_starving)
                return;
            _starving = false;
            Moved();
        }
    }

    private readonly record struct Flight(IPEndPoint From, IPEndPoint To, byte[] Payload);
}
