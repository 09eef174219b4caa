using RxSockets.Benchmarks.Cases;
using RxSockets.Benchmarks.Running;
using RxSockets.Benchmarks.Statistics;
using ScottPlot;
using ScottPlot.Plottables;
using ScottPlot.TickGenerators;

namespace RxSockets.Benchmarks.Reporting;

/// <summary>
/// A line per contender, a mark with its interval per case. Where there is a reference, the ratio to it: cases of different cost can then lie in one picture;
/// else the cost itself.
/// </summary>
internal static class CostPlot
{
    private const int LineHeight = 16;
    private const int Margins = 190;

    public static int Draw(Plot plot, IReadOnlyList<CaseResult> results)
    {
        string[] labels = [.. results.SelectMany(static result => result.Contenders).Select(static contender => contender.Label).Distinct()];
        bool isRatio = results.All(static result => Ratios.Columns(result).Count > 0);
        int rowHeight = Math.Max(28, LineHeight * results.Count);
        for (int k = 0; k < results.Count; k++)
        {
            CaseResult result = results[k];
            bool legend = true;
            foreach (Contender contender in result.Contenders)
            {
                Interval? interval = isRatio ? Ratios.Of(result, contender, Ratios.Columns(result)[0].Reference(contender)) : Plots.Cost(result, contender);
                if (interval is not { } value)
                    continue;
                // Cases of one contender lie a little below each other.
                double y = -Array.IndexOf(labels, contender.Label) - ((k + 0.5) / results.Count * 0.8) + 0.4;
                LinePlot line = plot.Add.Line(value.Low, y, value.High, y);
                line.Color = Colours.Of(k);
                line.LineWidth = 2;
                Marker mark = plot.Add.Marker(value.Median, y, Colours.Marker(k), size: 8, Colours.Of(k));
                if (legend && results.Count > 1)
                    mark.LegendText = result.Case.Key;
                legend = false;
            }
        }

        var ticks = new NumericManual();
        for (int i = 0; i < labels.Length; i++)
            ticks.AddMajor(-i, labels[i]);
        plot.Axes.Left.TickGenerator = ticks;
        if (isRatio)
            plot.Add.VerticalLine(1, width: 1, Colors.Gray, LinePattern.Dashed);
        plot.XLabel(Heading(results[0], isRatio));
        plot.Axes.AutoScale();
        plot.Axes.SetLimits(0, plot.Axes.GetLimits().Right * 1.02, -labels.Length + 0.4, 0.6);
        if (results.Count > 1)
            plot.ShowLegend(Edge.Right);
        return Margins + (rowHeight * labels.Length);
    }

    private static string Heading(CaseResult result, bool isRatio)
    {
        Case given = result.Case;
        string cost = given.TellsMemory ? "resident memory per connection" : $"server CPU per {given.Operation}";
        return isRatio
            ? $"{cost}, ratio to {Ratios.Columns(result)[0].Heading} (95 % interval)"
            : $"{cost}, {(given.TellsMemory ? "bytes" : "microseconds")} (95 % interval)";
    }
}
