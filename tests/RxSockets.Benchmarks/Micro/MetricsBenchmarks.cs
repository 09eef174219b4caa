using System.Diagnostics.Metrics;
using System.Net;
using BenchmarkDotNet.Attributes;

namespace RxSockets.Benchmarks.Micro;

/// <summary>
/// What metrics cost an echo of 64 bytes on one inline loop, per exchange: while nobody listens, while somebody has enabled every instrument (the two histograms of a
/// loop's rounds are then recorded), and while somebody also measures all the time.
/// </summary>
[MemoryDiagnoser]
public class MetricsBenchmarks
{
    private const int Exchanges = 20_000;

    private CompletionPort _port = null!;
    private RxListener _listener = null!;
    private RxConnection _client = null!;
    private Task _serving = null!;
    private readonly byte[] _sent = new byte[64];
    private readonly byte[] _received = new byte[64];

    [GlobalSetup]
    public async Task OpenAsync()
    {
        _port = CompletionPort.Create(new CompletionPortOptions { Scheduling = CompletionScheduling.Inline });
        _listener = RxListener.Bind(new IPEndPoint(IPAddress.Loopback, 0), new ListenerOptions { CompletionPort = _port });
        _serving = _listener.AcceptAllAsync().ForEachConnectionAsync(static async connection =>
        {
            await foreach (ReceivedSegment segment in connection.ReceiveAllAsync())
                await connection.SendAsync(segment.Memory);
        });
        _client = await RxConnection.ConnectAsync(_listener.LocalEndPoint, options: new ConnectOptions { CompletionPort = _port, NoDelay = true });
    }

    [GlobalCleanup]
    public async Task CloseAsync()
    {
        await _client.DisposeAsync();
        await _listener.DisposeAsync();
        await _serving;
        await _port.DisposeAsync();
    }

    [Benchmark(Baseline = true, Description = "nobody listens", OperationsPerInvoke = Exchanges)]
    public Task Unheard() => ExchangeAsync();

    [Benchmark(Description = "all enabled", OperationsPerInvoke = Exchanges)]
    public async Task Heard()
    {
        using MeterListener listener = Listen();
        await ExchangeAsync();
    }

    [Benchmark(Description = "all enabled, measured 100 times a second", OperationsPerInvoke = Exchanges)]
    public async Task Measured()
    {
        using MeterListener listener = Listen();
        using ITimer timer = TimeProvider.System.CreateTimer(
            static state => ((MeterListener)state!).RecordObservableInstruments(), listener, TimeSpan.FromMilliseconds(10), TimeSpan.FromMilliseconds(10));
        await ExchangeAsync();
    }

    private static MeterListener Listen()
    {
        var listener = new MeterListener
        {
            InstrumentPublished = static (instrument, listener) =>
            {
                if (instrument.Meter.Name == "RxSockets")
                    listener.EnableMeasurementEvents(instrument);
            },
        };
        listener.SetMeasurementEventCallback<long>(static (_, _, _, _) => { });
        listener.SetMeasurementEventCallback<int>(static (_, _, _, _) => { });
        listener.SetMeasurementEventCallback<double>(static (_, _, _, _) => { });
        listener.Start();
        return listener;
    }

    private async Task ExchangeAsync()
    {
        for (int i = 0; i < Exchanges; i++)
        {
            await _client.SendAsync(_sent);
            for (int received = 0; received < _received.Length;)
                received += await _client.ReceiveAsync(_received.AsMemory(received));
        }
    }
}
