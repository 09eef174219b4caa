using System.Net;
using System.Net.Sockets;
using RxSockets.Engines;
using RxSockets.Operations;

namespace RxSockets.Testing;

/// <summary>A listening address of a host, and the connections that wait for being accepted. Guarded by the network's lock.</summary>
internal sealed class SimulatedListener : EngineListener
{
    private readonly SimulatedEngine _engine;
    private readonly ListenRequest _listen;
    private readonly IListenerSink _sink;
    private readonly Queue<(WireEnd End, long EstablishedAt)> _backlog = new();
    private readonly long _number;
    private Request? _request;
    private bool _stopAsked;
    private bool _closing;

    public SimulatedListener(SimulatedEngine engine, ListenRequest request, IListenerSink sink)
    {
        _engine = engine;
        _listen = request;
        _sink = sink;
        lock (engine.Loop.Sync)
        {
            SimulatedHost host = engine.Host;
            if (!host.TryOpenDescriptor())
                throw new SocketException((int)SocketError.TooManyOpenSockets);
            _number = engine.Network.NextNumber();
            try
            {
                LocalEndPoint = host.Bind(request.Local, this);
            }
            catch
            {
                host.CloseDescriptor();
                throw;
            }

            Trace("listening", 0);
        }
    }

    public override EndPoint LocalEndPoint { get; }

    /// <summary>Also IPv4 clients, as mapped addresses.</summary>
    public bool IsDualMode => _listen.DualMode;

    public bool IsFull => _backlog.Count >= _listen.Backlog;

    public override void StartAccept()
    {
        lock (_engine.Loop.Sync)
        {
            if (_closing)
                return;
            if (_request is not null)
                _engine.Network.Violated("A second accept was started.");
            _engine.Statistics.Submitted(Verb.Accept);
            _stopAsked = false;
            _request = _engine.Begin("accept");
            Moved();
        }
    }

    public override void StopAccept()
    {
        lock (_engine.Loop.Sync)
        {
            _stopAsked = true;
            Moved();
        }
    }

    public override void Close()
    {
        lock (_engine.Loop.Sync)
        {
            if (_closing)
                return;
            _closing = true;
            _engine.Host.Unbind(this);
            while (_backlog.TryDequeue(out (WireEnd End, long EstablishedAt) waiting))
                Refuse(waiting.End);
            if (_request is null)
                _engine.Loop.After(0, TellClosed);
            else
                _engine.Step(_request, Step);
        }
    }

    /// <summary>A client's connection was established.</summary>
    public void Add(WireEnd end)
    {
        _backlog.Enqueue((end, _engine.Options.TimeProvider.GetTimestamp()));
        Moved();
    }

    private void Moved()
    {
        if (_request is not null && (_stopAsked || _backlog.Count > 0))
            _engine.Step(_request, Step);
    }

    private void Step()
    {
        Action tell;
        lock (_engine.Loop.Sync)
            tell = StepLocked();
        tell();
    }

    private Action StepLocked()
    {
        if (_closing)
        {
            End();
            return () =>
            {
                _sink.OnAcceptStopped(SocketError.Success);
                TellClosed();
            };
        }

        if (_backlog.Count == 0 || (_stopAsked && _engine.Loop.Random.Below(2) == 0))
            return _stopAsked ? Stopped(SocketError.Success) : static () => { };
        if (_engine.Loop.Random.Chance(_engine.Faults.AcceptError))
            return Fail();
        if (!_engine.Host.TryOpenDescriptor())
            return Stopped(SocketError.TooManyOpenSockets);
        (WireEnd end, long establishedAt) = _backlog.Dequeue();
        var socket = new SimulatedSocket(_engine, end, fromConnect: false, establishedAt, _listen.NoDelay);
        if (_engine.Loop.Random.Chance(_engine.Faults.MultishotEnd))
        {
            End();
            return () =>
            {
                _sink.OnAccepted(socket, firstData: null);
                _sink.OnAcceptStopped(SocketError.Success);
            };
        }

        Moved();
        return () => _sink.OnAccepted(socket, firstData: null);
    }

    private Action Fail()
    {
        SocketError error = _engine.Loop.Random.Pick(
            [SocketError.ConnectionAborted, SocketError.TooManyOpenSockets, SocketError.NoBufferSpaceAvailable, SocketError.NetworkDown]);
        Trace("accept failed", (int)error);
        if (error != SocketError.ConnectionAborted)
            return Stopped(error);
        Refuse(_backlog.Dequeue().End);
        Moved();
        return () => _sink.OnClientLost(error);
    }

    private Action Stopped(SocketError error)
    {
        End();
        return () => _sink.OnAcceptStopped(error);
    }

    private void End()
    {
        _engine.Statistics.Completed(Verb.Accept);
        _engine.End(_request!);
        _request = null;
    }

    private void TellClosed()
    {
        lock (_engine.Loop.Sync)
        {
            Trace("closed", 0);
            _engine.Host.CloseDescriptor();
        }

        _sink.OnClosed();
    }

    private static void Refuse(WireEnd end)
    {
        end.Outgoing.SendReset();
        end.Incoming.CloseReader();
    }

    private void Trace(string what, long amount) => _engine.Network.Record(_engine.Host, _number, what, amount);
}
