using System.Diagnostics.Metrics;

namespace RxSockets.Diagnostics;

/// <summary>The measurements that one observation of one instrument gives, port by port.</summary>
internal sealed class Readings
{
    private readonly List<Measurement<long>> _all = [];
    private KeyValuePair<string, object?>[] _tags = [];

    public IEnumerable<Measurement<long>> All => _all;

    /// <summary>What follows is this port's.</summary>
    public void Begin(PortDiagnostics port) => _tags = port.Tags;

    public void Add(long value) => _all.Add(new Measurement<long>(value, _tags));

    public void Add(long value, string name, object attribute) => _all.Add(new Measurement<long>(value, [.. _tags, new(name, attribute)]));

    public void Add(long value, string name, object attribute, string otherName, object other) =>
        _all.Add(new Measurement<long>(value, [.. _tags, new(name, attribute), new(otherName, other)]));
}
