using System.Net;
using System.Net.Sockets;
using RxSockets.Buffers;
using RxSockets.Diagnostics;
using RxSockets.Engines;
using RxSockets.Operations;

namespace RxSockets.Sockets;

/// <summary>The public object around a connection.</summary>
internal interface IConnectionHolder
{
    Connection Core { get; }
}

/// <summary>
/// A listening socket behind the public listener: connections that were accepted and not taken yet, the decision when the engine may accept, and
/// what to do about errors. <typeparamref name="T"/> is the public connection. Thread-safe.
/// </summary>
internal sealed class Listener<T> : ItemSource<T>, IListenerSink, IFirstDataGate, IPortMember
    where T : class, IConnectionHolder
{
    private readonly PortCore _port;
    private readonly ListenerOptions _options;
    private readonly Func<Connection, T> _wrap;
    private readonly Queue<Connection> _accepted = new();
    private readonly SilentClients? _silent;
    private readonly AcceptErrorPolicy _policy = new();
    private readonly EngineListener _engine;
    private readonly ITimer _pause;
    private readonly TaskCompletionSource _closed;
    private bool _accepting;
    private bool _stopAsked;
    private bool _pausing;
    private bool _disposed;
    private SocketError? _end;

    public Listener(PortCore port, EndPoint endPoint, ListenerOptions options, Func<Connection, T> wrap)
        : base(new Lock())
    {
        using IDisposable hold = port.Hold();
        _port = port;
        _closed = new TaskCompletionSource(port.Engine.Completions);
        _options = options;
        _wrap = wrap;
        var request = new ListenRequest
        {
            Local = endPoint,
            Backlog = options.Backlog,
            PendingAccepts = options.PendingAccepts,
            DualMode = options.DualMode,
            NoDelay = options.NoDelay,
            FirstDataBytes = options.FirstDataBytes,
            FirstDataTimeout = options.FirstDataTimeout,
            MaxPendingFirstData = options.MaxPendingFirstData,
        };
        _engine = port.Engine.Listen(request, this);
        LocalEndPoint = _engine.LocalEndPoint;
        if (options.FirstDataBytes > 0)
            _silent = new SilentClients(port.Time, options.FirstDataTimeout, options.MaxPendingFirstData);
        using (ExecutionContext.SuppressFlow())
            _pause = port.Time.CreateTimer(static state => ((Listener<T>)state!).Resume(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        if (!port.Add(this))
            _ = Close();
    }

    public EndPoint LocalEndPoint { get; }

    /// <summary>Accept errors that concerned one client only.</summary>
    public long TransientErrors { get; private set; }

    /// <summary>Pauses because descriptors or memory ran out.</summary>
    public long Pauses { get; private set; }

    public long SilentDropped => (_silent?.Dropped ?? 0) + _engine.SilentDropped;

    protected override string Name => "The listener's accepted connections";

    protected override bool IsEnded => _accepted.Count == 0 && _end is not null;

    /// <summary>Ends accepting, completes the stream, closes what was not delivered, leaves delivered connections alone.</summary>
    public Task Close()
    {
        List<Connection> undelivered = [];
        lock (Sync)
        {
            if (_disposed)
                return _closed.Task;
            _disposed = true;
            _end ??= SocketError.Success;
            undelivered.AddRange(_accepted);
            _accepted.Clear();
            SignalLocked();
            _pause.Dispose();
            _engine.Close();
        }

        undelivered.AddRange(_silent?.TakeAll() ?? []);
        _silent?.Dispose();
        foreach (Connection connection in undelivered)
            connection.End();
        return _closed.Task;
    }

    public bool IsDisposed
    {
        get
        {
            lock (Sync)
                return _disposed;
        }
    }

    public override Exception? CreateEndError()
    {
        lock (Sync)
            return _end is null or SocketError.Success ? null : SocketErrors.Create(_end.Value, "accepting", LocalEndPoint);
    }

    public override void Return(T item)
    {
    }

    public override void Schedule(CompletionWork work) => _port.Engine.Schedule(work);

    public override void ReportUnhandled(Exception error) => _port.Unhandled(error);

    // The stream goes on: one connection's handler must not end the server.
    public override void HandlerThrew(T item, Exception error) => item.Core.HandlerThrew(error);

    void IListenerSink.OnAccepted(EngineSocket socket, BufferLease? firstData)
    {
        var connection = new Connection(_port, socket);
        _port.Diagnostics.ConnectionAccepted();
        if (_silent is null)
        {
            Deliver(connection);
            return;
        }

        if (firstData is not null)
        {
            connection.First.Add(firstData);
            Deliver(connection);
            return;
        }

        lock (Sync)
            _policy.Succeeded();
        if (_silent.Add(connection))
            connection.First.Await(this);
        else
            connection.End();
    }

    void IFirstDataGate.FirstDataCame(Connection connection)
    {
        if (!_silent!.Remove(connection) || connection.HasFailed)
        {
            connection.End();
            return;
        }

        connection.First.Split(_options.FirstDataBytes);
        Deliver(connection);
    }

    void IListenerSink.OnClientLost(SocketError error)
    {
        lock (Sync)
            TransientErrors++;
        _port.Diagnostics.ClientLost(LocalEndPoint, error);
    }

    void IListenerSink.OnAcceptStopped(SocketError error)
    {
        AcceptErrorKind kind = AcceptErrorPolicy.Classify(error);
        TimeSpan pause = default;
        lock (Sync)
        {
            _accepting = false;
            _stopAsked = false;
            if (_disposed)
                return;
            if (error == SocketError.Success)
            {
                DemandIfReaderWaits();
                return;
            }

            switch (kind)
            {
                case AcceptErrorKind.Transient:
                    TransientErrors++;
                    DemandIfReaderWaits();
                    break;
                case AcceptErrorKind.Exhaustion:
                    Pauses++;
                    _pausing = true;
                    pause = _policy.NextPause();
                    _pause.Change(pause, Timeout.InfiniteTimeSpan);
                    break;
                default:
                    _end = error;
                    SignalLocked();
                    break;
            }
        }

        Tell(kind, error, pause);
    }

    private void Tell(AcceptErrorKind kind, SocketError error, TimeSpan pause)
    {
        switch (kind)
        {
            case AcceptErrorKind.Transient:
                _port.Diagnostics.ClientLost(LocalEndPoint, error);
                break;
            case AcceptErrorKind.Exhaustion:
                _port.Diagnostics.AcceptPaused(LocalEndPoint, error, pause);
                break;
            default:
                _port.Diagnostics.AcceptEnded(LocalEndPoint, error);
                break;
        }
    }

    void IListenerSink.OnClosed()
    {
        _port.Remove(this);
        _closed.TrySetResult();
    }

    IPortMember? IPortMember.PreviousMember { get; set; }

    IPortMember? IPortMember.NextMember { get; set; }

    void IPortMember.EndWithPort() => _ = Close();

    void IPortMember.MeasureInto(MemberTotals totals, bool left)
    {
        totals.DroppedByEngine += _engine.SilentDropped;
        totals.Listeners += left ? 0 : 1;
    }

    protected override bool TryDequeue(out T? item)
    {
        item = _accepted.TryDequeue(out Connection? connection) ? _wrap(connection) : null;
        return item is not null;
    }

    protected override void Demand()
    {
        if (_accepting || _pausing || _disposed || _end is not null)
            return;
        _accepting = true;
        _engine.StartAccept();
    }

    private void DemandIfReaderWaits()
    {
        if (ReaderWaits)
            Demand();
    }

    private void Deliver(Connection connection)
    {
        if (SocketActivities.AreHeard)
            SocketActivities.Accepted(LocalEndPoint, connection.RemoteEndPoint, _port.Diagnostics, _port.Time.GetUtcNow(), connection.Handle.ConnectTime ?? TimeSpan.Zero);
        bool refused;
        lock (Sync)
        {
            _policy.Succeeded();
            refused = _disposed;
            if (!refused)
            {
                _accepted.Enqueue(connection);
                SignalLocked();
                if (_accepting && !_stopAsked && _accepted.Count >= _options.PendingAccepts)
                {
                    _stopAsked = true;
                    _engine.StopAccept();
                }
            }
        }

        if (refused)
            connection.End();
    }

    private void Resume()
    {
        lock (Sync)
        {
            _pausing = false;
            DemandIfReaderWaits();
        }
    }
}
