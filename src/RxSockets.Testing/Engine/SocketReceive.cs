using System.Net.Sockets;
using RxSockets.Buffers;
using RxSockets.Engines;

namespace RxSockets.Testing;

/// <summary>The one receive of a simulated socket: at once, single-shot or going on by itself, as chance has it. Guarded by the network's lock.</summary>
internal sealed class SocketReceive(SimulatedSocket owner)
{
    private Request? _request;
    private bool _stopAsked;
    private bool _endsWithNext;

    public bool IsIdle => _request is null;

    /// <summary>It found no buffer and is in its engine's queue for one.</summary>
    public bool IsStarving { get; set; }

    private SimulatedEngine Engine => owner.Engine;

    private bool IsReady => _stopAsked || owner.IsClosing || owner.Incoming is { Available: > 0 } or { FinArrived: true } or { ReaderError: not null };

    public ReceiveStart Start(out BufferLease? buffer, out SocketError error)
    {
        buffer = null;
        error = SocketError.Success;
        if (_request is not null || owner.IsClosing)
            Engine.Network.Violated(_request is null ? "A receive was started on a socket that is being closed." : "A second receive was started.");
        Engine.Statistics.Submitted(Verb.Receive);
        if (Engine.Loop.Random.Below(2) == 0 && TryStart(ref buffer, ref error) is { } start)
        {
            Engine.Statistics.Completed(Verb.Receive);
            return start;
        }

        _request = Engine.Begin("receive");
        _request.Mistake = Mistake;
        _stopAsked = _endsWithNext = false;
        Moved();
        return ReceiveStart.Pending;
    }

    public void Stop()
    {
        if (_request is null)
            return;
        // Not heard: as on an engine that cannot take a receive back, it ends with what it brings next.
        _endsWithNext = Engine.Loop.Random.Chance(Engine.Faults.CancelRefused);
        _stopAsked |= !_endsWithNext;
        Moved();
    }

    /// <summary>Something changed: steps if there is something to tell.</summary>
    public void Moved()
    {
        if (_request is not null && IsReady)
            Engine.Step(_request, Step);
    }

    private ReceiveStart? TryStart(ref BufferLease? buffer, ref SocketError error)
    {
        Pipe pipe = owner.Incoming;
        if (pipe.Available > 0)
        {
            if (Engine.Buffers.TryRent() is not { } rented)
                return null;
            buffer = Fill(rented);
            return ReceiveStart.Received;
        }

        if (pipe.ReaderError is null && !pipe.FinArrived)
            return null;
        error = pipe.ReaderError ?? SocketError.Success;
        owner.Trace("end", (int)error);
        return ReceiveStart.Ended;
    }

    private void Step()
    {
        Action? tell;
        lock (Engine.Loop.Sync)
            tell = StepLocked();
        tell?.Invoke();
        owner.CloseMoved();
    }

    private Action? StepLocked()
    {
        Pipe pipe = owner.Incoming;
        if (owner.IsClosing)
            return End(owner.Sink.OnReceiveStopped);
        if (pipe.ReaderError is null && Engine.Loop.Random.Chance(Engine.Faults.ReceiveError))
            pipe.Break(Engine.Loop.Random.Pick([SocketError.ConnectionReset, SocketError.TimedOut]));
        if (_stopAsked && Engine.Loop.Random.Below(2) == 0)
            return End(owner.Sink.OnReceiveStopped);
        if (pipe.Available > 0)
            return Deliver();
        if (pipe.ReaderError is { } error)
            return End(() => owner.Sink.OnReceiveEnded(error));
        if (pipe.FinArrived)
            return End(static sink => sink.OnReceiveEnded(SocketError.Success));
        return _stopAsked ? End(owner.Sink.OnReceiveStopped) : null;
    }

    private Action? Deliver()
    {
        if (Engine.TryRent(owner) is not { } rented)
            return null;
        BufferLease buffer = Fill(rented);
        bool more = !_endsWithNext && !Engine.Loop.Random.Chance(Engine.Faults.MultishotEnd);
        if (!more)
            return End(() => owner.Sink.OnReceived(buffer, more: false), rentedOne: true);
        Moved();
        return () => owner.Sink.OnReceived(buffer, more: true);
    }

    private BufferLease Fill(BufferLease buffer)
    {
        int most = Math.Min(buffer.Capacity, owner.Incoming.Available);
        if (Engine.Loop.Random.Chance(Engine.Faults.PartialReceive))
            most = 1 + Engine.Loop.Random.Below(most);
        int count = owner.Incoming.Take(buffer.Memory.Span[..most]);
        buffer.Fill(count, holder: null);
        owner.Trace("received", count);
        if (Engine.Network.Plants(PlantedBug.LeakedBuffer, oneIn: 25))
            Engine.Buffers.TryRent();
        return buffer;
    }

    private Action End(Action<ISocketSink> tell)
    {
        ISocketSink sink = owner.Sink;
        return End(() => tell(sink));
    }

    private Action End(Action tell, bool rentedOne = false)
    {
        Engine.Statistics.Completed(Verb.Receive);
        Engine.End(_request!);
        _request = null;
        // Who was woken for a buffer and took none lets another one have it.
        if (!rentedOne)
            Engine.PassOn();
        return tell;
    }

    // What a completion that is not its own does to it.
    private void Mistake()
    {
        lock (Engine.Loop.Sync)
            End(static () => { });
        owner.Sink.OnReceiveEnded(SocketError.Success);
        owner.CloseMoved();
    }
}
