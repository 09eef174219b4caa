using System.Diagnostics.Metrics;
using System.Runtime.CompilerServices;

namespace RxSockets.Diagnostics;

/// <summary>
/// The instruments of one meter, over all ports that are open. All but the two histograms are observed: they read, when somebody measures, what is counted anyway, so
/// nothing is paid while nobody does. Names, units and meanings are listed in docs/observability.md, and a test compares. Thread-safe.
/// </summary>
internal sealed class PortInstruments
{
    public const string MeterName = "RxSockets";

    private static readonly ConditionalWeakTable<Meter, PortInstruments> s_all = [];
    private static readonly Lazy<PortInstruments> s_shared = new(static () => new PortInstruments(new Meter(MeterName)));

    private readonly Lock _sync = new();
    private readonly HashSet<PortDiagnostics> _ports = [];
    private readonly Meter _meter;

    private PortInstruments(Meter meter)
    {
        _meter = meter;
        BatchSize = meter.CreateHistogram(
            "rxsockets.loop.batch.size", "{completion}", "Completions that a loop took from the kernel at a time", tags: null,
            new InstrumentAdvice<int> { HistogramBucketBoundaries = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 4096] });
        BatchDuration = meter.CreateHistogram(
            "rxsockets.loop.batch.duration", "s", "How long a batch of inline handlers held its loop: what the loop's other connections waited", tags: null,
            new InstrumentAdvice<double> { HistogramBucketBoundaries = [0.00001, 0.00003, 0.0001, 0.0003, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3, 10] });
        AddConnections();
        AddTraffic();
        AddAccepting();
        AddEngine();
    }

    public Histogram<int> BatchSize { get; }

    public Histogram<double> BatchDuration { get; }

    /// <summary>Those of the factory's meter; without a factory those of the process. A factory gives the same meter for the same name.</summary>
    public static PortInstruments For(IMeterFactory? factory) =>
        factory is null ? s_shared.Value : s_all.GetValue(factory.Create(new MeterOptions(MeterName)), static meter => new PortInstruments(meter));

    public void Add(PortDiagnostics port)
    {
        lock (_sync)
            _ports.Add(port);
    }

    public void Remove(PortDiagnostics port)
    {
        lock (_sync)
            _ports.Remove(port);
    }

    private void AddConnections()
    {
        UpDown("rxsockets.connection.active", "{connection}", "Connections by state", static (port, readings) =>
        {
            MemberTotals totals = port.MeasureMembers();
            readings.Add(totals.Connecting, MetricNames.State, "connecting");
            readings.Add(totals.Open, MetricNames.State, "open");
            readings.Add(totals.Closing, MetricNames.State, "closing");
        });
        Counter("rxsockets.connection.opened", "{connection}", "Connections that were accepted or made", static (port, readings) =>
        {
            readings.Add(port.Accepted, MetricNames.Origin, "accepted");
            readings.Add(port.Connected, MetricNames.Origin, "connected");
        });
        Counter("rxsockets.connection.closed", "{connection}", "Connections that ended, by reason", static (port, readings) =>
        {
            foreach (ConnectionCloseReason reason in Enum.GetValues<ConnectionCloseReason>())
            {
                if (port.ClosedCount(reason) is > 0 and var count)
                    readings.Add(count, MetricNames.CloseReason, MetricNames.Of(reason));
            }

            foreach (((ConnectionCloseReason reason, System.Net.Sockets.SocketError error), long count) in port.Failures.Read())
                readings.Add(count, MetricNames.CloseReason, MetricNames.Of(reason), MetricNames.Error, MetricNames.Of(error));
        });
        Counter("rxsockets.connection.dropped", "{connection}", "Connections dropped by a rule", static (port, readings) =>
        {
            Dictionary<DropRule, long> drops = new(port.Drops.Read());
            if (port.MeasureMembers().DroppedByEngine is > 0 and var early)
                drops[DropRule.FirstData] = drops.GetValueOrDefault(DropRule.FirstData) + early;
            foreach ((DropRule rule, long count) in drops)
                readings.Add(count, MetricNames.DropRule, MetricNames.Of(rule));
        });
        Counter("rxsockets.connect.errors", "{error}", "Connects that failed or were cancelled", static (port, readings) =>
        {
            foreach ((System.Net.Sockets.SocketError error, long count) in port.ConnectErrors.Read())
                readings.Add(count, MetricNames.Error, MetricNames.Of(error));
        });
        Counter("rxsockets.handler.exceptions", "{exception}", "Exceptions that nobody else took (CompletionPort.UnhandledException)", static (port, readings) => readings.Add(port.HandlerFailures));
    }

    private void AddTraffic()
    {
        Counter("rxsockets.connection.io", "By", "Bytes received and sent by connections", static (port, readings) =>
        {
            MemberTotals totals = port.MeasureMembers();
            Transport(totals, MemberTotals.Tcp, "tcp");
            Transport(totals, MemberTotals.Unix, "unix");

            void Transport(MemberTotals of, int transport, string name)
            {
                readings.Add(of.Received[transport], MetricNames.Direction, "receive", MetricNames.Transport, name);
                readings.Add(of.Sent[transport], MetricNames.Direction, "transmit", MetricNames.Transport, name);
            }
        });
        Counter("rxsockets.datagram.count", "{datagram}", "Datagrams received and sent", static (port, readings) =>
        {
            MemberTotals totals = port.MeasureMembers();
            readings.Add(totals.DatagramsReceived, MetricNames.Direction, "receive");
            readings.Add(totals.DatagramsSent, MetricNames.Direction, "transmit");
        });
        Counter("rxsockets.datagram.errors", "{error}", "Errors of the network that datagram sockets were told of (ICMP)", static (port, readings) => readings.Add(port.MeasureMembers().DatagramErrors));
        UpDown("rxsockets.datagram.sockets", "{socket}", "Datagram sockets that are open", static (port, readings) => readings.Add(port.MeasureMembers().DatagramSockets));
    }

    private void AddAccepting()
    {
        UpDown("rxsockets.listener.active", "{listener}", "Listeners that are open", static (port, readings) => readings.Add(port.MeasureMembers().Listeners));
        Counter("rxsockets.accept.errors", "{error}", "Accepts that failed", static (port, readings) =>
        {
            foreach ((System.Net.Sockets.SocketError error, long count) in port.AcceptErrors.Read())
                readings.Add(count, MetricNames.Error, MetricNames.Of(error));
        });
        Counter("rxsockets.accept.pauses", "{pause}", "Times accepting backed off because descriptors or memory ran out", static (port, readings) => readings.Add(port.AcceptPauses));
    }

    private void AddEngine()
    {
        Counter("rxsockets.operation.submitted", "{operation}", "Operations given to the engine, by verb", static (port, readings) =>
        {
            foreach (Engines.Verb verb in Enum.GetValues<Engines.Verb>())
                readings.Add(port.Engine.Statistics.SubmittedCount(verb), MetricNames.Operation, MetricNames.Of(verb));
            readings.Add(Volatile.Read(ref port.Engine.Statistics.DirectSends), MetricNames.Operation, "direct_send");
        });
        Counter("rxsockets.operation.completed", "{operation}", "Completions, by verb", static (port, readings) =>
        {
            foreach (Engines.Verb verb in Enum.GetValues<Engines.Verb>())
                readings.Add(port.Engine.Statistics.CompletedCount(verb), MetricNames.Operation, MetricNames.Of(verb));
        });
        Counter("rxsockets.engine.enters", "{call}", "System calls of loops that submit, wait or both", static (port, readings) => readings.Add(Volatile.Read(ref port.Engine.Statistics.Enters)));
        Counter("rxsockets.buffer.starvations", "{starvation}", "Times a receive found no buffer and had to wait", static (port, readings) =>
            readings.Add(Volatile.Read(ref port.Engine.Statistics.BufferStarvations)));
        UpDown("rxsockets.loop.sockets", "{socket}", "Sockets that live on a loop", static (port, readings) =>
        {
            for (int i = 0; i < port.Engine.Loops.Count; i++)
                readings.Add(port.Engine.Loops[i].Sockets, MetricNames.Loop, i);
        });
        Counter("rxsockets.loop.stalls", "{stall}", "Batches of inline handlers that held their loop for longer than LoopStallLimit", static (port, readings) =>
        {
            for (int i = 0; port.Watch is { } watch && i < port.Engine.Loops.Count; i++)
                readings.Add(watch.StallsOf(i), MetricNames.Loop, i);
        });
        UpDown("rxsockets.loop.stalled", "{loop}", "Loops that handlers hold now for longer than LoopStallLimit", static (port, readings) =>
        {
            for (int i = 0; port.Watch is { } watch && i < port.Engine.Loops.Count; i++)
                readings.Add(watch.IsStalled(i) ? 1 : 0, MetricNames.Loop, i);
        });
    }

    private void Counter(string name, string unit, string description, Action<PortDiagnostics, Readings> read) =>
        _meter.CreateObservableCounter(name, () => Read(read), unit, description);

    private void UpDown(string name, string unit, string description, Action<PortDiagnostics, Readings> read) =>
        _meter.CreateObservableUpDownCounter(name, () => Read(read), unit, description);

    private IEnumerable<Measurement<long>> Read(Action<PortDiagnostics, Readings> read)
    {
        PortDiagnostics[] ports;
        lock (_sync)
            ports = [.. _ports];
        var readings = new Readings();
        foreach (PortDiagnostics port in ports)
        {
            readings.Begin(port);
            read(port, readings);
        }

        return readings.All;
    }
}
