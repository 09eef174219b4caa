using System.Net.Sockets;

namespace RxSockets.Testing;

/// <summary>The one send of a simulated socket, be it a batch, a transmit or the first block of a connect. Guarded by the network's lock.</summary>
internal sealed class SocketSend(SimulatedSocket owner)
{
    private const int MostPerStep = 65536;

    private Request? _request;
    private OutgoingBytes _bytes = null!;
    private Action<long, SocketError> _done = null!;
    private Action<long>? _progress;
    private long _sent;
    private bool _cancelAsked;

    public bool IsIdle => _request is null;

    private SimulatedEngine Engine => owner.Engine;

    /// <summary>True: pending, and <paramref name="done"/> hears, outside of the lock.</summary>
    public bool Start(OutgoingBytes bytes, Action<long, SocketError> done, Action<long>? progress, bool mayEndAtOnce, out long sent, out SocketError error)
    {
        sent = 0;
        error = SocketError.Success;
        if (_request is not null || owner.IsClosing)
            Engine.Network.Violated(_request is null ? "A send was started on a socket that is being closed." : "A second send was started.");
        if (mayEndAtOnce && Engine.Loop.Random.Below(2) == 0 && TryAtOnce(bytes, ref sent, ref error))
            return false;
        _bytes = bytes;
        _done = done;
        _progress = progress;
        _sent = 0;
        _cancelAsked = false;
        _request = Engine.Begin("send");
        _request.Mistake = Mistake;
        Engine.Step(_request, Step);
        return true;
    }

    public void Cancel()
    {
        // A cancel loses against what is about to end by itself; what waits for room has nothing to win.
        if (_request is null || (_request.IsStepping && Engine.Loop.Random.Chance(Engine.Faults.CancelRefused)))
            return;
        _cancelAsked = true;
        Engine.Step(_request, Step);
    }

    /// <summary>There is room, or the connection broke, or is being closed.</summary>
    public void Moved()
    {
        if (_request is not null)
            Engine.Step(_request, Step);
    }

    private bool TryAtOnce(OutgoingBytes bytes, ref long sent, ref SocketError error)
    {
        if (owner.Outgoing.WriterError is { } broken)
        {
            error = broken;
            return true;
        }

        if (owner.Outgoing.Free < bytes.Remaining || bytes.Remaining > MostPerStep || Engine.Loop.Random.Chance(Engine.Faults.PartialSend))
            return false;
        Send(bytes, (int)bytes.Remaining, ref sent, ref error);
        return true;
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
        if (owner.IsClosing)
            return End(SocketError.OperationAborted);
        if (owner.Outgoing.WriterError is { } broken)
            return End(broken);
        if (Engine.Loop.Random.Chance(Engine.Faults.SendError))
        {
            owner.Incoming.Break(SocketError.ConnectionReset);
            return End(SocketError.ConnectionReset);
        }

        if (_cancelAsked)
            return End(SocketError.OperationAborted);
        int most = (int)Math.Min(Math.Min(owner.Outgoing.Free, MostPerStep), _bytes.Remaining);
        if (most == 0 && _bytes.Remaining > 0)
            return null;
        if (Engine.Loop.Random.Chance(Engine.Faults.PartialSend))
            most = 1 + Engine.Loop.Random.Below(most);
        SocketError error = SocketError.Success;
        Send(_bytes, most, ref _sent, ref error);
        if (error != SocketError.Success || _bytes.Remaining == 0)
            return End(error);
        Engine.Step(_request!, Step);
        if (_progress is not { } progress)
            return null;
        long sent = _sent;
        return () => progress(sent);
    }

    private void Send(OutgoingBytes bytes, int count, ref long sent, ref SocketError error)
    {
        if (bytes.Take(count, out error) is not { } chunk)
            return;
        owner.Outgoing.Send(chunk);
        owner.Trace("sent", chunk.Length);
        sent += chunk.Length;
    }

    private Action? End(SocketError error)
    {
        Engine.End(_request!);
        _request = null;
        Action<long, SocketError> done = _done;
        long sent = _sent;
        owner.Trace("send ended", (int)error);
        if (Engine.Network.Plants(PlantedBug.LostCompletion, oneIn: 50))
            return null;
        if (Engine.Network.Plants(PlantedBug.DoubleCompletion, oneIn: 50))
            Engine.Loop.After(Engine.Loop.Random.Below(TimeSpan.TicksPerMillisecond), () => done(sent, error));
        return () => done(sent, error);
    }

    // What a completion that is not its own does to it.
    private void Mistake()
    {
        long all;
        lock (Engine.Loop.Sync)
        {
            all = _sent + _bytes.Remaining;
            Engine.End(_request!);
            _request = null;
        }

        _done(all, SocketError.Success);
        owner.CloseMoved();
    }
}
