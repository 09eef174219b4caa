using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using RxSockets.Engines;

namespace RxSockets.Diagnostics;

/// <summary>
/// What one port counts of rare events, what it logs, and what instruments see of it. Everything here happens at most once per connection: what happens per
/// operation is counted by connections and engines themselves, and read when somebody measures. Thread-safe; call it outside of locks, since it logs.
/// </summary>
internal sealed class PortDiagnostics : IDisposable
{
    private static readonly TimeSpan s_acceptLogInterval = TimeSpan.FromSeconds(5);
    private static readonly int s_reasons = Enum.GetValues<ConnectionCloseReason>().Length;
    private static long s_lastId;

    private readonly ILogger _log;
    private readonly LogGate _acceptGate;
    private readonly PortInstruments _instruments;
    private readonly IMeasuredMembers _members;
    private readonly long[] _closed = new long[s_reasons];
    private long _accepted;
    private long _connected;
    private long _acceptPauses;
    private long _handlerFailures;
    private readonly PeriodicThread? _watching;
    private int _stallLogged;

    public PortDiagnostics(CompletionPortOptions options, CompletionEngine engine, string engineReason, IMeasuredMembers members)
    {
        Id = Interlocked.Increment(ref s_lastId).ToString(CultureInfo.InvariantCulture);
        Engine = engine;
        _members = members;
        _log = options.LoggerFactory is { } factory ? new GuardedLogger(factory.CreateLogger(PortLog.Category)) : NullLogger.Instance;
        _instruments = PortInstruments.For(options.MeterFactory);
        _acceptGate = new LogGate(options.TimeProvider, s_acceptLogInterval);
        Tags = [new(MetricNames.Engine, MetricNames.Of(engine.Kind)), new(MetricNames.Port, Id)];
        PortLog.EngineChosen(_log, Id, engine.Kind, options.Scheduling, engineReason);
        if (options.Engine == EngineKind.Auto && engine.IsFallback)
            PortLog.EngineFellBack(_log, Id, engine.Kind, engineReason);
        if (options.Scheduling == CompletionScheduling.Inline && engine.Loops.Count > 0)
        {
            // Real time, whatever the port's clock is: a handler blocks a thread.
            Watch = new LoopWatch(engine.Loops, TimeProvider.System, options.LoopStallLimit, LoopStalled);
            _watching = new PeriodicThread("RxSockets watch", Watch.Period, Watch.Look);
        }

        for (int i = 0; i < engine.Loops.Count; i++)
            engine.Loops[i].Measures = new LoopMeasures(_instruments.BatchSize, _instruments.BatchDuration, [.. Tags, new(MetricNames.Loop, i)]);
        _instruments.Add(this);
    }

    /// <summary>Tells ports of one process apart: 1 is the first that was made.</summary>
    public string Id { get; }

    public CompletionEngine Engine { get; }

    /// <summary>Of every measurement of this port.</summary>
    public KeyValuePair<string, object?>[] Tags { get; }

    /// <summary>Null where no handler can hold a loop.</summary>
    public LoopWatch? Watch { get; }

    /// <summary>Errors of connections that failed or were reset, by what they were.</summary>
    public Tally<(ConnectionCloseReason Reason, SocketError Error)> Failures { get; } = new();

    public Tally<DropRule> Drops { get; } = new();

    public Tally<SocketError> AcceptErrors { get; } = new();

    public Tally<SocketError> ConnectErrors { get; } = new();

    public long Accepted => Volatile.Read(ref _accepted);

    public long Connected => Volatile.Read(ref _connected);

    public long AcceptPauses => Volatile.Read(ref _acceptPauses);

    public long HandlerFailures => Volatile.Read(ref _handlerFailures);

    public long ClosedCount(ConnectionCloseReason reason) => Volatile.Read(ref _closed[(int)reason]);

    public MemberTotals MeasureMembers() => _members.Measure();

    public void ConnectionAccepted() => Interlocked.Increment(ref _accepted);

    public void ConnectionMade() => Interlocked.Increment(ref _connected);

    public void ConnectionEnded(EndPoint? remote, ConnectionClosure closure)
    {
        // With the error where there is one to tell; what this side ended always has the same.
        if (closure.Reason is ConnectionCloseReason.PeerReset or ConnectionCloseReason.Failed)
            Failures.Add((closure.Reason, closure.Error));
        else
            Interlocked.Increment(ref _closed[(int)closure.Reason]);
        if (closure.Reason != ConnectionCloseReason.Orderly)
            PortLog.ConnectionEnded(_log, remote, closure.Reason, closure.Description);
    }

    public void HandlerFailed(Exception error)
    {
        Interlocked.Increment(ref _handlerFailures);
        PortLog.HandlerFailed(_log, error, Id);
    }

    public void ClientLost(EndPoint endPoint, SocketError error)
    {
        AcceptErrors.Add(error);
        PortLog.ClientLost(_log, endPoint, error);
    }

    public void AcceptPaused(EndPoint endPoint, SocketError error, TimeSpan pause)
    {
        AcceptErrors.Add(error);
        Interlocked.Increment(ref _acceptPauses);
        if (_acceptGate.TryPass(out long pauses))
            PortLog.AcceptPaused(_log, endPoint, pause, error, pauses);
    }

    public void AcceptEnded(EndPoint endPoint, SocketError error)
    {
        AcceptErrors.Add(error);
        PortLog.AcceptEnded(_log, endPoint, error);
    }

    public void Dispose()
    {
        _instruments.Remove(this);
        _watching?.Dispose();
    }

    private void LoopStalled(int loop, TimeSpan held)
    {
        if (Interlocked.Exchange(ref _stallLogged, 1) == 0)
            PortLog.LoopStalled(_log, loop, Id, held);
    }
}
