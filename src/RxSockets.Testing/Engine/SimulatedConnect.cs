using System.Net;
using System.Net.Sockets;
using RxSockets.Buffers;
using RxSockets.Engines;
using RxSockets.Operations;

namespace RxSockets.Testing;

/// <summary>
/// One connect: a trip to the other host and back, tried again behind a partition or at a full backlog until it times out; then the first block. Guarded by the
/// network's lock; ends exactly once.
/// </summary>
internal sealed class SimulatedConnect(SimulatedEngine engine, ConnectRequest request, IConnectSink sink)
{
    private static readonly long s_firstRetry = TimeSpan.TicksPerSecond;

    private readonly long _number = engine.Network.NextNumber();
    private Request _request = null!;
    private SimulatedSocket? _socket;
    private WireEnd? _far;
    private EndPoint _local = null!;
    private SimulatedLink _link = null!;
    private long _startedAt;
    private long _pause = s_firstRetry;
    private bool _ownsDescriptor;
    private bool _cancelled;
    private bool _ended;

    // A Unix path that nobody made is no address; an abstract name is refused like a port.
    private SocketError NobodyThere =>
        request.Remote is UnixDomainSocketEndPoint && !request.Remote.ToString()!.StartsWith('@') ? SocketError.AddressNotAvailable : SocketError.ConnectionRefused;

    private SimulationLoop Loop => engine.Loop;

    private SimulatedHost Host => engine.Host;

    public void Start()
    {
        SocketError error = CheckMemory();
        lock (Loop.Sync)
        {
            _request = engine.Begin("connect");
            _startedAt = Loop.Now;
            if (error == SocketError.Success)
                error = Prepare();
            if (error == SocketError.Success && Loop.Random.Chance(engine.Faults.ConnectError))
            {
                error = Loop.Random.Pick(
                    [SocketError.ConnectionRefused, SocketError.TimedOut, SocketError.NetworkUnreachable, SocketError.HostUnreachable]);
            }

            if (error == SocketError.Success)
                Loop.After(_link.Delay(), Arrive);
            else
                engine.Step(_request, () => End(null, 0, error));
        }
    }

    public void Cancel()
    {
        engine.Statistics.Submitted(Verb.Cancel);
        lock (Loop.Sync)
        {
            if (_ended || _cancelled || (_socket is null && Loop.Random.Chance(engine.Faults.CancelRefused)))
                return;
            _cancelled = true;
            if (_socket is null)
                engine.Step(_request, () => End(null, 0, SocketError.OperationAborted));
            else
                _socket.CancelSend();
        }
    }

    private SocketError CheckMemory()
    {
        try
        {
            PinnedMemory.Check(request.FirstData);
            return SocketError.Success;
        }
        catch (Exception failure)
        {
            request.Failure = failure;
            return SocketError.Fault;
        }
    }

    private SocketError Prepare()
    {
        if (request.Handle is null)
        {
            if (!Host.TryOpenDescriptor())
                return SocketError.TooManyOpenSockets;
            _ownsDescriptor = true;
        }

        if (Host.Route(request.Remote) is not { } target)
            return SocketError.NetworkUnreachable;
        _link = engine.Network.LinkBetween(Host, target);
        return Host.LocalFor(request.Remote, request.Local, out _local);
    }

    // At the other host.
    private void Arrive()
    {
        lock (Loop.Sync)
        {
            if (_ended)
                return;
            SimulatedHost target = Host.Route(request.Remote)!;
            SimulatedListener? listener = target.FindListener(request.Remote);
            if (_link.IsPartitioned || listener is { IsFull: true })
            {
                RetryLater();
                return;
            }

            if (listener is null)
            {
                Loop.After(_link.Delay(), () => Fail(NobodyThere));
                return;
            }

            WireEnd near = engine.Network.Connect(_link, _local, request.Remote, listener, out _far);
            listener.Add(_far);
            Loop.After(_link.Delay(), () => Establish(near));
        }
    }

    private void RetryLater()
    {
        if (Loop.Now + _pause - _startedAt > engine.Network.Options.ConnectTimeout.Ticks)
        {
            long left = Math.Max(0, _startedAt + engine.Network.Options.ConnectTimeout.Ticks - Loop.Now);
            Loop.After(left, () => Fail(SocketError.TimedOut));
            return;
        }

        Loop.After(_pause, Arrive);
        _pause *= 2;
    }

    // As one completion with a cancel that comes meanwhile: the first one stands.
    private void Fail(SocketError error)
    {
        lock (Loop.Sync)
        {
            if (!_ended)
                engine.Step(_request, () => End(null, 0, error));
        }
    }

    private void Establish(WireEnd near)
    {
        lock (Loop.Sync)
        {
            // A cancel that was heard ends it, late perhaps, and gives up what waits at the other end.
            if (_ended || _cancelled)
                return;
            if (_link.IsPartitioned)
            {
                _link.Hold(() => Establish(near));
                return;
            }

            (request.Handle as SimulatedHandle)?.Reuse();
            _ownsDescriptor = false;
            _far = null;
            _socket = new SimulatedSocket(engine, near, fromConnect: true, engine.Options.TimeProvider.GetTimestamp(), request.NoDelay);
            if (request.FirstData.IsEmpty)
                engine.Step(_request, () => End(_socket, 0, SocketError.Success));
            else
                _socket.SendFirst(request.FirstData, OnFirstSent);
        }
    }

    private void OnFirstSent(long sent, SocketError error)
    {
        if (error != SocketError.Success)
            _socket!.Discard();
        End(error == SocketError.Success ? _socket : null, (int)sent, error);
    }

    private void End(SimulatedSocket? socket, int sent, SocketError error)
    {
        lock (Loop.Sync)
        {
            if (_ended)
                return;
            _ended = true;
            engine.End(_request);
            engine.Network.Record(Host, _number, "connect ended", (int)error);
            engine.Statistics.Completed(Verb.Connect);
            request.EngineState = null;
            if (_ownsDescriptor)
                Host.CloseDescriptor();
            if (_far is { } far)
                engine.Network.Abandon(far);
        }

        sink.OnConnected(socket, sent, error);
    }
}
