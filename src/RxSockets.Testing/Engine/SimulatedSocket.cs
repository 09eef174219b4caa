using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using RxSockets.Buffers;
using RxSockets.Engines;
using RxSockets.Operations;

namespace RxSockets.Testing;

/// <summary>One end of a simulated connection. Calls come under the owner's lock and take the network's; completions are events of the network.</summary>
internal sealed class SimulatedSocket : EngineSocket
{
    private readonly SocketReceive _receive;
    private readonly SocketSend _send;
    private readonly SocketOptions _options = new();
    private readonly long _establishedAt;
    private readonly bool _fromConnect;
    private readonly long _number;
    private bool _abort;
    private bool _recycling;
    private bool _finishing;
    private bool _closed;

    /// <summary>Under the network's lock; the descriptor is taken already.</summary>
    public SimulatedSocket(SimulatedEngine engine, WireEnd end, bool fromConnect, long establishedAt, bool noDelay)
    {
        Engine = engine;
        Incoming = end.Incoming;
        Outgoing = end.Outgoing;
        LocalEndPoint = end.Local;
        RemoteEndPoint = end.Remote;
        _fromConnect = fromConnect;
        _establishedAt = establishedAt;
        _number = engine.Network.NextNumber();
        _receive = new SocketReceive(this);
        _send = new SocketSend(this);
        _options.Set(SocketOptionLevel.Tcp, SocketOptionName.NoDelay, noDelay ? 1 : 0);
        Incoming.Reader = this;
        Outgoing.Writer = this;
        Trace("connected", 0);
    }

    public SimulatedEngine Engine { get; }

    public Pipe Incoming { get; }

    public Pipe Outgoing { get; }

    public ISocketSink Sink { get; private set; } = null!;

    /// <summary>Under the network's lock: whatever is in flight ends, and nothing may be started.</summary>
    public bool IsClosing { get; private set; }

    public SocketReceive Receive => _receive;

    public override EndPoint? LocalEndPoint { get; }

    public override EndPoint? RemoteEndPoint { get; }

    public override SafeHandle Handle =>
        throw new NotSupportedException("A simulated connection has no native handle: it is memory. What needs one needs a real engine.");

    public override TimeSpan? ConnectTime => Engine.Options.TimeProvider.GetElapsedTime(_establishedAt);

    public override int UnreadBytes
    {
        get
        {
            lock (Engine.Loop.Sync)
                return _closed ? 0 : Incoming.Available;
        }
    }

    public override long PeerProgress
    {
        get
        {
            lock (Engine.Loop.Sync)
                return _closed ? 0 : Outgoing.Taken;
        }
    }

    public override bool CanRecycle => _fromConnect && RemoteEndPoint is IPEndPoint;

    public override void Attach(ISocketSink sink) => Sink = sink;

    public override ReceiveStart StartReceive(out BufferLease? buffer, out SocketError error)
    {
        lock (Engine.Loop.Sync)
            return _receive.Start(out buffer, out error);
    }

    public override void StopReceive()
    {
        lock (Engine.Loop.Sync)
            _receive.Stop();
    }

    public override bool TryDeferSend()
    {
        lock (Engine.Loop.Sync)
        {
            if (Engine.Loop.Random.Below(2) == 0)
                return false;
            Engine.Loop.After(0, SendDue);
            return true;
        }
    }

    public override bool StartSend(SendBatch batch, out long sent, out SocketError error)
    {
        foreach (ReadOnlyMemory<byte> piece in batch.Pieces)
            PinnedMemory.Check(piece);
        Engine.Statistics.Submitted(Verb.Send);
        lock (Engine.Loop.Sync)
        {
            bool pends = _send.Start(new OutgoingBytes(batch), OnSent, progress: null, mayEndAtOnce: true, out sent, out error);
            if (!pends)
                Engine.Statistics.Completed(Verb.Send);
            return pends;
        }
    }

    public override bool StartTransmit(TransmitBatch batch, out long sent, out SocketError error)
    {
        foreach (TransmitElement element in batch.Elements)
            PinnedMemory.Check(element.Memory);
        Engine.Statistics.Submitted(Verb.Transmit);
        lock (Engine.Loop.Sync)
        {
            return _send.Start(
                new OutgoingBytes(batch), OnTransmitted, batch.ReportsProgress ? Sink.OnTransmitProgress : null, mayEndAtOnce: false, out sent, out error);
        }
    }

    /// <summary>The first block of a connect, before anybody else knows the socket. Under the network's lock.</summary>
    public void SendFirst(ReadOnlyMemory<byte> firstData, Action<long, SocketError> done) =>
        _send.Start(new OutgoingBytes(firstData), done, progress: null, mayEndAtOnce: false, out _, out _);

    public override void CancelSend()
    {
        Engine.Statistics.Submitted(Verb.Cancel);
        lock (Engine.Loop.Sync)
            _send.Cancel();
    }

    public override SocketError ShutdownSend()
    {
        Engine.Statistics.Submitted(Verb.Shutdown);
        lock (Engine.Loop.Sync)
        {
            if (!_send.IsIdle || IsClosing)
                Engine.Network.Violated("FIN was asked for with a send started, or while closing.");
            if (Outgoing.WriterError is null && Engine.Loop.Random.Chance(Engine.Faults.CloseError))
                Incoming.Break(SocketError.ConnectionReset);
            if (Outgoing.WriterError is { } broken)
                return broken;
            Trace("FIN", 0);
            Outgoing.SendFin();
            return SocketError.Success;
        }
    }

    public override void Close(bool abort)
    {
        lock (Engine.Loop.Sync)
        {
            _abort |= abort;
            if (IsClosing || _closed)
                return;
            Engine.Statistics.Submitted(Verb.Close);
            _recycling = false;
            IsClosing = true;
            _receive.Moved();
            _send.Moved();
            CloseMoved();
        }
    }

    public override void Recycle()
    {
        lock (Engine.Loop.Sync)
        {
            if (!_receive.IsIdle || !_send.IsIdle || IsClosing || !Incoming.FinArrived || !Outgoing.FinSent)
                Engine.Network.Violated("A handle is to be kept although something is started, or a FIN was not seen.");
            Engine.Statistics.Submitted(Verb.Recycle);
            _recycling = true;
            Engine.Loop.After(0, FinishRecycle);
        }
    }

    public override int GetOption(SocketOptionLevel level, SocketOptionName name)
    {
        lock (Engine.Loop.Sync)
            return _options.Get(level, name);
    }

    public override void SetOption(SocketOptionLevel level, SocketOptionName name, int value)
    {
        lock (Engine.Loop.Sync)
            _options.Set(level, name, value);
    }

    public override void Schedule(CompletionWork work) => Engine.Schedule(work);

    /// <summary>Under the network's lock: something arrived, or a buffer came back.</summary>
    public void IncomingMoved() => _receive.Moved();

    /// <summary>Under the network's lock: there is room, or the connection broke.</summary>
    public void OutgoingMoved() => _send.Moved();

    public void Trace(string what, long amount) => Engine.Network.Record(Engine.Host, _number, what, amount);

    /// <summary>Something ended: where closing waits only for that, it goes on.</summary>
    public void CloseMoved()
    {
        lock (Engine.Loop.Sync)
        {
            if (!IsClosing || _finishing || !_receive.IsIdle || !_send.IsIdle)
                return;
            _finishing = true;
            Engine.Loop.After(0, FinishClose);
        }
    }

    /// <summary>Nobody came to own it: it goes with a reset.</summary>
    public void Discard()
    {
        lock (Engine.Loop.Sync)
        {
            IsClosing = true;
            _finishing = true;
            _abort = true;
            CloseHandle();
        }
    }

    private void SendDue() => Sink.OnSendDue();

    private void OnSent(long sent, SocketError error)
    {
        Engine.Statistics.Completed(Verb.Send);
        Sink.OnSendCompleted(sent, error);
    }

    private void OnTransmitted(long sent, SocketError error)
    {
        Engine.Statistics.Completed(Verb.Transmit);
        Sink.OnSendCompleted(sent, error);
    }

    private void FinishClose()
    {
        lock (Engine.Loop.Sync)
            CloseHandle();
        Engine.Statistics.Completed(Verb.Close);
        Sink.OnClosed();
    }

    private void FinishRecycle()
    {
        lock (Engine.Loop.Sync)
        {
            // Closed meanwhile: that has the last word.
            if (!_recycling)
                return;
            if (Engine.Loop.Random.Chance(Engine.Faults.CloseError))
            {
                Close(abort: false);
                return;
            }

            Engine.Statistics.Completed(Verb.Recycle);
            Trace("kept", 0);
            Leave();
        }

        Sink.OnRecycled(new SimulatedHandle(Engine.Host, RemoteEndPoint!.AddressFamily));
    }

    private void CloseHandle()
    {
        Trace(_abort ? "aborted" : "closed", 0);
        if (Outgoing.WriterError is null)
        {
            if (_abort)
                Outgoing.SendReset();
            else
                Outgoing.SendFin();
        }

        Leave();
        if (!Engine.Network.Plants(PlantedBug.LeakedDescriptor, oneIn: 10))
            Engine.Host.CloseDescriptor();
    }

    private void Leave()
    {
        _closed = true;
        Outgoing.Writer = null;
        Incoming.CloseReader();
    }
}
