using RxSockets.Benchmarks.Cases;
using RxSockets.Benchmarks.Running;
using RxSockets.Benchmarks.Statistics;
using ScottPlot;
using ScottPlot.Plottables;
using ScottPlot.TickGenerators;

namespace RxSockets.Benchmarks.Reporting;

/// <summary>
/// A row per contender, a mark with its interval per case. Where there is a reference, the ratio to it: cases of different cost can then lie in one picture;
/// else the cost itself. The axis is logarithmic: half as much is as far from one as twice as much.
/// </summary>
internal static class CostPlot
{
    private const int LineHeight = 14;
    private const int RowHeight = 30;
    private const int Margins = 130;

    public static int Draw(Plot plot, IReadOnlyList<CaseResult> results)
    {
        string[] labels = [.. results.SelectMany(static result => result.Contenders).Select(static contender => contender.Label).Distinct()];
        bool isRatio = results.All(static result => Ratios.Columns(result).Count > 0);
        var shown = new List<Interval>();
        for (int k = 0; k < results.Count; k++)
        {
            CaseResult result = results[k];
            var marks = new List<Coordinates>();
            foreach (Contender contender in result.Contenders)
            {
                Interval? interval = isRatio ? Ratios.Of(result, contender, Ratios.Columns(result)[0].Reference(contender)) : Plots.Cost(result, contender);
                if (interval is not { Low: > 0 } value)
                    continue;
                shown.Add(value);
                // Cases of one contender lie a little below each other.
                double y = -Array.IndexOf(labels, contender.Label) - ((k + 0.5) / results.Count * 0.8) + 0.4;
                LinePlot line = plot.Add.Line(Math.Log10(value.Low), y, Math.Log10(value.High), y);
                line.Color = Colours.Of(k);
                line.LineWidth = 2;
                marks.Add(new Coordinates(Math.Log10(value.Median), y));
            }

            Scatter points = plot.Add.ScatterPoints(marks, Colours.Of(k));
            points.MarkerShape = Colours.Marker(k);
            points.MarkerSize = 8;
            points.LegendText = result.Case.Key;
        }

        var names = new NumericManual();
        for (int i = 0; i < labels.Length; i++)
            names.AddMajor(-i, labels[i]);
        plot.Axes.Left.TickGenerator = names;
        double low = Math.Log10(Math.Min(isRatio ? 0.8 : double.MaxValue, shown.Min(static interval => interval.Low))) - 0.05;
        double high = Math.Log10(Math.Max(isRatio ? 1.25 : 0, shown.Max(static interval => interval.High))) + 0.05;
        plot.Axes.Bottom.TickGenerator = LogTicks.Between(low, high);
        plot.Axes.SetLimits(low, high, -labels.Length + 0.4, 0.6);
        if (isRatio)
            plot.Add.VerticalLine(0, width: 1, Colors.Gray, LinePattern.Dashed);
        plot.XLabel(Heading(results[0], isRatio));
        if (results.Count > 1)
            plot.ShowLegend(Edge.Right);
        else
            plot.HideLegend();
        return Margins + (Math.Max(RowHeight, LineHeight * results.Count) * labels.Length);
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
