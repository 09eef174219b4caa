using System.Collections.Concurrent;
using System.Diagnostics.Metrics;

namespace RxSockets.Testing;

/// <summary>What the meter says of one port, as any listener would hear it.</summary>
internal sealed class Measured : IDisposable
{
    private readonly MeterListener _listener = new();
    private readonly string _port;
    private readonly ConcurrentDictionary<string, int> _recorded = new();
    private readonly Dictionary<string, Dictionary<string, long>> _observed = [];
    private readonly Lock _sync = new();

    public Measured(CompletionPort port, object? scope = null)
    {
        _port = port.Core.Diagnostics.Id;
        _listener.InstrumentPublished = (instrument, listener) =>
        {
            if (instrument.Meter.Name == "RxSockets" && Equals(instrument.Meter.Scope, scope))
                listener.EnableMeasurementEvents(instrument);
        };
        _listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) => Observe(instrument.Name, value, tags));
        _listener.SetMeasurementEventCallback<int>((instrument, _, tags, _) => Record(instrument.Name, tags));
        _listener.SetMeasurementEventCallback<double>((instrument, _, tags, _) => Record(instrument.Name, tags));
        _listener.Start();
    }

    /// <summary>Values that were recorded into a histogram for this port.</summary>
    public int Recorded(string instrument) => _recorded.GetValueOrDefault(instrument);

    /// <summary>The sum now of what an instrument says of this port, for all or for those attributes (name=value).</summary>
    public long Sum(string instrument, params string[] attributes)
    {
        lock (_sync)
        {
            _observed.Clear();
            _listener.RecordObservableInstruments();
            return _observed.GetValueOrDefault(instrument, []).Where(pair => attributes.All(pair.Key.Split(' ').Contains)).Sum(static pair => pair.Value);
        }
    }

    public void Dispose() => _listener.Dispose();

    private void Observe(string instrument, long value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        if (!IsOurs(tags))
            return;
        if (!_observed.TryGetValue(instrument, out Dictionary<string, long>? values))
            _observed[instrument] = values = [];
        // Two values for the same attributes would be a mistake that a back end cannot repair.
        values.Add(string.Join(' ', tags.ToArray().Select(static tag => $"{tag.Key}={tag.Value}")), value);
    }

    private void Record(string instrument, ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        if (IsOurs(tags))
            _recorded.AddOrUpdate(instrument, 1, static (_, count) => count + 1);
    }

    private bool IsOurs(ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        foreach (KeyValuePair<string, object?> tag in tags)
        {
            if (tag.Key == "rxsockets.port")
                return Equals(tag.Value, _port);
        }

        return false;
    }
}
