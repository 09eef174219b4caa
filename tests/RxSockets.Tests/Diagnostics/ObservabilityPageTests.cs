using System.Diagnostics.Metrics;
using System.Reflection;
using System.Text.RegularExpressions;
using Microsoft.Extensions.Logging;
using RxSockets.Diagnostics;
using RxSockets.Tests.Architecture;

namespace RxSockets.Tests.Diagnostics;

/// <summary>docs/observability.md against what there is.</summary>
public partial class ObservabilityPageTests
{
    private static readonly string s_page = File.ReadAllText(Path.Combine(SourceFile.RepositoryRoot, "docs", "observability.md"));

    [Fact]
    public async Task It_lists_every_instrument_with_its_kind_and_unit()
    {
        var found = new List<string>();
        await using (CompletionPort.Create(new CompletionPortOptions { Engine = EngineKind.Managed }))
        {
            using var listener = new MeterListener
            {
                InstrumentPublished = (instrument, _) =>
                {
                    if (instrument.Meter is { Name: "RxSockets", Scope: null })
                        found.Add($"{instrument.Name} {KindOf(instrument)} {instrument.Unit}");
                },
            };
            listener.Start();
        }

        Assert.NotEmpty(found);
        string[] listed = [.. InstrumentRow().Matches(s_page).Select(static row => $"{row.Groups["name"].Value} {row.Groups["kind"].Value} {row.Groups["unit"].Value}")];
        Assert.Equal(found.Order(), listed.Order());
    }

    [Fact]
    public void It_lists_every_line_of_the_log_with_its_number_and_level()
    {
        IEnumerable<string> found = typeof(PortLog).GetMethods(BindingFlags.Static | BindingFlags.Public | BindingFlags.DeclaredOnly)
            .Select(static method => (method.Name, Line: method.GetCustomAttribute<LoggerMessageAttribute>()!))
            .Select(static method => $"{method.Line.EventId} {method.Name} {method.Line.Level}");
        string[] listed = [.. LogRow().Matches(s_page).Select(static row => $"{row.Groups["id"].Value} {row.Groups["name"].Value} {row.Groups["level"].Value}")];
        Assert.NotEmpty(listed);
        Assert.Equal(found.Order(), listed.Order());
    }

    [Fact]
    public void It_names_every_attribute()
    {
        IEnumerable<string> names = typeof(MetricNames).GetFields(BindingFlags.Static | BindingFlags.Public).Select(static field => (string)field.GetRawConstantValue()!);
        Assert.All(names, static name => Assert.Contains($"`{name}`", s_page));
    }

    private static string KindOf(Instrument instrument)
    {
        string name = instrument.GetType().Name;
        return name.StartsWith("Histogram", StringComparison.Ordinal) ? "histogram" : name.Contains("UpDown") ? "up-down counter" : "counter";
    }

    [GeneratedRegex(@"^\| `(?<name>rxsockets\.[\w.]+)` \| (?<kind>counter|up-down counter|histogram) \| `(?<unit>[^`]+)` \|", RegexOptions.Multiline)]
    private static partial Regex InstrumentRow();

    [GeneratedRegex(@"^\| (?<id>\d+) \| `(?<name>\w+)` \| (?<level>\w+) \|", RegexOptions.Multiline)]
    private static partial Regex LogRow();
}
