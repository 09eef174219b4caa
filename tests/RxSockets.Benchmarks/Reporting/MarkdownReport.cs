using System.Globalization;
using System.Text;
using RxSockets.Benchmarks.Cases;
using RxSockets.Benchmarks.Running;
using RxSockets.Benchmarks.Statistics;

namespace RxSockets.Benchmarks.Reporting;

/// <summary>Tables in Markdown.</summary>
internal static class MarkdownReport
{
    /// <summary>A page: where and how it was measured, the plot, the tables.</summary>
    public static string Page(CaseGroup group, IReadOnlyList<CaseResult> results, BenchOptions options, Machine machine) => FormattableString.Invariant(
        $"""
        # Benchmark: {group.Description}

        {machine.Text} {options.Rounds} rounds of {options.Seconds:0.###} s, in which the candidates took turns in a changing order; medians of the rounds. Ratios are of the server's CPU per
        operation (or of memory) to the reference in the same round, with the bootstrap 95 % interval of their median. Made by `tests/RxSockets.Benchmarks`; every round is in
        [{group.Name}.csv]({group.Name}.csv).

        ![{group.Description}]({group.Name}.svg)

        {Write(results).TrimEnd()}

        """);

    public static string Write(IReadOnlyList<CaseResult> results)
    {
        var text = new StringBuilder();
        foreach (CaseResult result in results)
        {
            text.Append("## ").Append(result.Case.Title).Append("\n\n");
            if (result.Contenders.Count > 0)
                Table(text, result);
            if (result.LeftOut.Count > 0)
                LeftOut(text, result.LeftOut);
        }

        return text.ToString();
    }

    private static void LeftOut(StringBuilder text, IReadOnlyList<LeftOut> leftOut)
    {
        var reasons = leftOut.GroupBy(static left => left.Reason, static left => left.Label);
        text.Append("Left out: ").AppendJoin("; ", reasons.Select(static reason => $"{string.Join(", ", reason)} ({reason.Key.TrimEnd('.')})")).Append(".\n\n");
    }

    private static void Table(StringBuilder text, CaseResult result)
    {
        var columns = Ratios.Columns(result);
        string operation = result.Case.Operation;
        string[] measured = result.Case.TellsMemory
            ? ["resident B per connection", "managed B per connection"]
            : [$"CPU us per {operation}", "per second", "p50 us", "p99 us", "p99.9 us", $"allocated B per {operation}", $"switches per {operation}", "server busy", "load busy", "quiet rounds", "errors"];
        Row(text, ["", .. measured[..1], .. columns.Select(static column => "to " + column.Heading), .. measured[1..]]);
        Row(text, ["---", .. Enumerable.Repeat("---:", measured.Length + columns.Count)]);
        foreach (Contender contender in result.Contenders)
        {
            Round[] rounds = [.. result.Of(contender)];
            if (rounds.Length == 0)
                continue;
            string cost = Number(rounds, static round => round.Cost);
            IEnumerable<string> ratios = columns.Select(column => Ratio(Ratios.Of(result, contender, column.Reference(contender))));
            string managed = Number(rounds, static round => round.ManagedBytes);
            string[] rest = result.Case.TellsMemory
                ? [managed]
                :
                [
                    Number(rounds, static round => round.OperationsPerSecond), Number(rounds, static round => round.P50), Number(rounds, static round => round.P99),
                    Number(rounds, static round => round.P999), managed, Number(rounds, static round => round.Switches), Number(rounds, static round => round.Utilization),
                    Number(rounds, static round => round.LoadUtilization),
                    $"{rounds.Count(static round => round.IsQuiet)}/{rounds.Length}", Errors(rounds),
                ];
            Row(text, [contender.Label, cost, .. ratios, .. rest]);
        }

        text.Append('\n');
    }

    private static string Errors(Round[] rounds)
    {
        long lost = rounds.Sum(static round => round.Lost);
        return rounds.Sum(static round => round.Errors).ToString(CultureInfo.InvariantCulture) + (lost > 0 ? $" ({lost} lost)" : "");
    }

    private static string Ratio(Interval? ratio) =>
        ratio is { } value ? FormattableString.Invariant($"{value.Median:0.00} [{value.Low:0.00}-{value.High:0.00}]") : "";

    private static string Number(Round[] rounds, Func<Round, double?> value)
    {
        double[] values = [.. rounds.Select(value).OfType<double>()];
        if (values.Length == 0)
            return "";
        double median = Sample.Median(values);
        string format = Math.Abs(median) switch { >= 100 => "N0", >= 10 => "0.0", >= 0.095 or 0 => "0.##", _ => "0.###" };
        return median.ToString(format, CultureInfo.InvariantCulture);
    }

    private static void Row(StringBuilder text, IEnumerable<string> cells) => text.Append("| ").AppendJoin(" | ", cells).Append(" |\n");
}
