using System.Diagnostics.Tracing;
using System.Globalization;
using Microsoft.Diagnostics.NETCore.Client;
using Microsoft.Diagnostics.Tracing;

namespace Watch;

/// <summary>
/// A session of events with another process, in which its meters are told once per interval: the provider System.Diagnostics.Metrics, as dotnet-counters uses it. A
/// shared one, so that dotnet-counters may watch at the same time.
/// </summary>
internal sealed class MetricsSession : IDisposable
{
    private const string Provider = "System.Diagnostics.Metrics";
    private const long TimeSeriesValues = 2;

    private readonly EventPipeSession _session;
    private readonly Board _board;
    private int _stopped;

    private MetricsSession(EventPipeSession session, int interval) => (_session, _board) = (session, new Board(interval));

    public static MetricsSession Open(int process, int interval)
    {
        var arguments = new Dictionary<string, string>
        {
            ["SessionId"] = "SHARED",
            ["ClientId"] = Guid.NewGuid().ToString(),
            ["Metrics"] = "RxSockets",
            ["RefreshInterval"] = interval.ToString(CultureInfo.InvariantCulture),
            ["MaxTimeSeries"] = "1000",
            ["MaxHistograms"] = "128",
        };
        var provider = new EventPipeProvider(Provider, EventLevel.Informational, TimeSeriesValues, arguments);
        return new MetricsSession(new DiagnosticsClient(process).StartEventPipeSession([provider], requestRundown: false), interval);
    }

    /// <summary>Reads until the process ends, the session is stopped, or <paramref name="measured"/>, called after each measurement, says false.</summary>
    public void Run(Func<Board, bool> measured)
    {
        using var source = new EventPipeEventSource(_session.EventStream);
        Exception? failure = null;
        source.Dynamic.All += data =>
        {
            if (data.ProviderName != Provider || Volatile.Read(ref _stopped) != 0)
                return;
            try
            {
                if (!Take(data, measured))
                    Stop();
            }
            catch (Exception error)
            {
                failure = error;
                Stop();
            }
        };
        try
        {
            source.Process();
        }
        catch (Exception) when (Volatile.Read(ref _stopped) != 0)
        {
            // The stream ended in the middle of an event, as it was asked to.
        }

        if (failure is not null)
            throw failure;
    }

    /// <summary>Any thread. The process is told from another one: this may be the one that reads, and the process writes until it has heard.</summary>
    public void Stop()
    {
        if (Interlocked.Exchange(ref _stopped, 1) == 0)
            _ = Task.Run(EndAsync);
    }

    public void Dispose() => _session.Dispose();

    private async Task EndAsync()
    {
        try
        {
            await _session.StopAsync(CancellationToken.None);
        }
        catch (Exception error) when (error is ServerNotAvailableException or IOException or EndOfStreamException or ObjectDisposedException)
        {
            // It has ended by itself.
        }
    }

    // False: enough.
    private bool Take(TraceEvent data, Func<Board, bool> measured)
    {
        switch (data.EventName)
        {
            case "Collection/Stop":
                _board.Measurements++;
                bool more = measured(_board);
                _board.Forget();
                return more;
            case "CounterRateValuePublished":
            case "UpDownCounterRateValuePublished":
                _board.Set(Text(data, "instrumentName"), Text(data, "tags"), Number(data, "value"), Number(data, "rate"));
                return true;
            case "HistogramValuePublished":
                _board.SetHistogram(Text(data, "instrumentName"), Text(data, "tags"), Text(data, "quantiles"), Number(data, "count"));
                return true;
            case "Error":
                throw new WatchException(Text(data, "errorMessage"));
            case "MultipleSessionsNotSupportedError":
            case "MultipleSessionsConfiguredIncorrectlyError":
                throw new WatchException("Another tool measures it with another interval; only one interval is possible at a time.");
            default:
                return true;
        }
    }

    private static string Text(TraceEvent data, string name) => Convert.ToString(data.PayloadByName(name), CultureInfo.InvariantCulture) ?? "";

    private static double Number(TraceEvent data, string name) =>
        double.TryParse(Text(data, name), NumberStyles.Float, CultureInfo.InvariantCulture, out double number) ? number : 0;
}
