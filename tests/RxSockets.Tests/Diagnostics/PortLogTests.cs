using System.Diagnostics.Metrics;
using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Logging;
using RxSockets.Engines.Managed;
using RxSockets.Sockets;
using RxSockets.Testing;
using RxSockets.Tests.Testing;

namespace RxSockets.Tests.Diagnostics;

/// <summary>What is logged, and how often, on a clock that the test moves.</summary>
public class PortLogTests
{
    [Fact]
    public void Running_out_of_descriptors_is_one_line_per_five_seconds_that_says_how_often()
    {
        var log = new RecordedLog();
        var engine = new FakeEngine(log);
        using var measured = new AcceptFailures(engine);
        for (int ms = 0; ms < 12_000; ms += 10)
        {
            measured.Fail(SocketError.TooManyOpenSockets);
            engine.Time.Advance(TimeSpan.FromMilliseconds(10));
        }

        LogLine[] lines = log.Of("AcceptPaused");
        Assert.Equal(3, lines.Length);
        Assert.All(lines, static line => Assert.Equal((LogLevel.Warning, "RxSockets"), (line.Level, line.Category)));
        Assert.Contains("TooManyOpenSockets", lines[0].Text);
        Assert.EndsWith("such line: 1", lines[0].Text);
        Assert.EndsWith("such line: 500", lines[1].Text);
        Assert.Equal(1200, engine.Port.Diagnostics.AcceptPauses);
        Assert.Equal([new(SocketError.TooManyOpenSockets, 1200L)], engine.Port.Diagnostics.AcceptErrors.Read());
    }

    [Fact]
    public void A_client_that_went_away_is_counted_and_worth_a_line_only_for_debugging()
    {
        var log = new RecordedLog();
        var engine = new FakeEngine(log);
        using var measured = new AcceptFailures(engine);
        measured.Sink.OnClientLost(SocketError.ConnectionAborted);
        measured.Fail(SocketError.ConnectionReset);
        Assert.All(log.Of("ClientLost"), static line => Assert.Equal(LogLevel.Debug, line.Level));
        Assert.Equal(2, log.Of("ClientLost").Length);
        Assert.Equal(2, engine.Port.Diagnostics.AcceptErrors.Read().Sum(static pair => pair.Value));
        Assert.Equal(0, engine.Port.Diagnostics.AcceptPauses);
    }

    [Fact]
    public void A_listener_of_no_use_any_more_is_an_error()
    {
        var log = new RecordedLog();
        var engine = new FakeEngine(log);
        using var measured = new AcceptFailures(engine);
        measured.Fail(SocketError.NotSocket);
        Assert.Equal(LogLevel.Error, Assert.Single(log.Of("AcceptEnded")).Level);
    }

    [Fact]
    public async Task Falling_back_is_logged_once_with_the_reason()
    {
        var log = new RecordedLog();
        var port = CompletionPort.CreateOver(
            new CompletionPortOptions { LoggerFactory = log },
            static (options, unhandled) => (new ManagedEngine(options, unhandled) { IsFallback = true }, "the ring is forbidden"));
        await port.DisposeAsync();
        LogLine line = Assert.Single(log.Of("EngineFellBack"));
        Assert.Equal(LogLevel.Information, line.Level);
        Assert.Contains("the ring is forbidden", line.Text);

        var asked = new RecordedLog();
        await CompletionPort.Create(new CompletionPortOptions { LoggerFactory = asked, Engine = EngineKind.Managed }).DisposeAsync();
        Assert.Empty(asked.Of("EngineFellBack"));
        Assert.Contains("asked for by name", Assert.Single(asked.Of("EngineChosen")).Text);
    }

    [Fact]
    public async Task A_logger_that_throws_harms_nobody()
    {
        var log = new RecordedLog { Failure = new InvalidOperationException("the disk is full") };
        await using var port = CompletionPort.Create(new CompletionPortOptions { LoggerFactory = log, Engine = EngineKind.Managed });
        port.Core.Unhandled(new InvalidOperationException("thrown by the test"));
        Assert.Equal("thrown by the test", Assert.Single(log.Of("HandlerFailed")).Error!.Message);
    }

    [Fact]
    public void A_factory_that_throws_leaves_no_engine_behind()
    {
        var engine = new FakeEngine();
        var options = new CompletionPortOptions { MeterFactory = new BrokenMeters() };
        Assert.Throws<ObjectDisposedException>(() => CompletionPort.CreateOver(options, (_, _) => (engine, "a fake")));
        Assert.True(engine.IsShutDown);
    }

    private sealed class BrokenMeters : IMeterFactory
    {
        public Meter Create(MeterOptions options) => throw new ObjectDisposedException("the host");

        public void Dispose()
        {
        }
    }

    private sealed class Holder(Connection core) : IConnectionHolder
    {
        public Connection Core => core;
    }

    /// <summary>A listener whose accepts fail as the test says.</summary>
    private sealed class AcceptFailures : IDisposable
    {
        private readonly Listener<Holder> _listener;

        public AcceptFailures(FakeEngine engine)
        {
            _listener = new Listener<Holder>(engine.Port, new IPEndPoint(IPAddress.Loopback, 0), new ListenerOptions(), static core => new Holder(core));
            Sink = engine.LastListener!.Sink;
        }

        public RxSockets.Engines.IListenerSink Sink { get; }

        public void Fail(SocketError error) => Sink.OnAcceptStopped(error);

        public void Dispose() => _ = _listener.Close();
    }
}
