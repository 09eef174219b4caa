using System.Globalization;

namespace Watch;

/// <summary>The last measurement: what each port said.</summary>
internal sealed class Board(int interval)
{
    private readonly SortedDictionary<string, PortFigures> _ports = [];

    public int Measurements { get; set; }

    public IReadOnlyCollection<PortFigures> Ports => _ports.Values;

    /// <summary>A port that is disposed says nothing more: each measurement begins with none.</summary>
    public void Forget() => _ports.Clear();

    public void Set(string instrument, string tags, double value, double rate)
    {
        Dictionary<string, string> attributes = Attributes(tags);
        Of(attributes)?.Add(new Figure(instrument, attributes) { Value = value, PerSecond = rate / interval });
    }

    public void SetHistogram(string instrument, string tags, string quantiles, double count)
    {
        Dictionary<string, string> attributes = Attributes(tags);
        var values = quantiles.Split(';', StringSplitOptions.RemoveEmptyEntries).Select(static pair => pair.Split('='))
            .ToDictionary(static pair => Number(pair[0]), static pair => Number(pair[1]));
        Of(attributes)?.Add(new Figure(instrument, attributes) { Value = count, PerSecond = count / interval, Quantiles = values });
    }

    private PortFigures? Of(Dictionary<string, string> attributes)
    {
        if (!attributes.TryGetValue("rxsockets.port", out string? id))
            return null;
        if (!_ports.TryGetValue(id, out PortFigures? port))
            _ports[id] = port = new PortFigures(id, attributes.GetValueOrDefault("rxsockets.engine", "?"));
        return port;
    }

    private static Dictionary<string, string> Attributes(string tags) =>
        tags.Split(',', StringSplitOptions.RemoveEmptyEntries).Select(static pair => pair.Split('=', 2)).ToDictionary(static pair => pair[0], static pair => pair[^1]);

    private static double Number(string text) => double.Parse(text, NumberStyles.Float, CultureInfo.InvariantCulture);
}

/// <summary>One value of one instrument for some attributes.</summary>
internal sealed record Figure(string Instrument, IReadOnlyDictionary<string, string> Attributes)
{
    public double Value { get; init; }

    public double PerSecond { get; init; }

    public IReadOnlyDictionary<double, double> Quantiles { get; init; } = new Dictionary<double, double>();

    public bool Is(string instrument, string[] attributes) =>
        Instrument == instrument && attributes.All(wanted => wanted.Split('=') is [var name, var value] && Attributes.GetValueOrDefault(name) == value);
}

/// <summary>What one port said.</summary>
internal sealed class PortFigures(string id, string engine)
{
    private readonly List<Figure> _figures = [];

    public string Id => id;

    public string Engine => engine;

    public void Add(Figure figure) => _figures.Add(figure);

    /// <summary>The figures of an instrument, all or those with the attributes (name=value).</summary>
    public IEnumerable<Figure> Of(string instrument, params string[] attributes) => _figures.Where(figure => figure.Is(instrument, attributes));

    public double Sum(string instrument, params string[] attributes) => Of(instrument, attributes).Sum(static figure => figure.Value);

    public double Rate(string instrument, params string[] attributes) => Of(instrument, attributes).Sum(static figure => figure.PerSecond);

    public double? Quantile(string instrument, double quantile, params string[] attributes) =>
        Of(instrument, attributes).Where(static figure => figure.Value > 0).Select(figure => figure.Quantiles.GetValueOrDefault(quantile)).Cast<double?>().Max();
}
