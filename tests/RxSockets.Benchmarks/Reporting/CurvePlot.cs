using RxSockets.Benchmarks.Running;
using RxSockets.Benchmarks.Statistics;
using ScottPlot;
using ScottPlot.Plottables;
using ScottPlot.TickGenerators;

namespace RxSockets.Benchmarks.Reporting;

/// <summary>Cost over the number of connections, a line per candidate; both axes logarithmic.</summary>
internal static class CurvePlot
{
    private const int Height = 650;

    public static int Draw(Plot plot, IReadOnlyList<CaseResult> results)
    {
        var ticks = new NumericManual();
        foreach (CaseResult result in results)
            ticks.AddMajor(Math.Log10(result.Case.Connections), FormattableString.Invariant($"{result.Case.Connections:N0}"));
        var costs = new List<double>();
        string[] labels = [.. results.SelectMany(static result => result.Contenders).Select(static contender => contender.Label).Distinct()];
        for (int i = 0; i < labels.Length; i++)
        {
            var points = new List<Coordinates>();
            foreach (CaseResult result in results)
            {
                if (result.Contenders.FirstOrDefault(contender => contender.Label == labels[i]) is { } contender)
                    points.Add(new Coordinates(Math.Log10(result.Case.Connections), Math.Log10(Plots.Cost(result, contender).Median)));
            }

            costs.AddRange(points.Select(static point => point.Y));
            Scatter line = plot.Add.Scatter(points, Colours.Of(i));
            line.LegendText = labels[i];
            line.LineWidth = 2;
            line.MarkerShape = Colours.Marker(i);
        }

        plot.Axes.Bottom.TickGenerator = ticks;
        plot.XLabel("connections");
        plot.YLabel($"server CPU per {results[0].Case.Operation}, microseconds");
        plot.Axes.AutoScale();
        double low = costs.Min() - 0.05;
        double high = costs.Max() + 0.05;
        plot.Axes.SetLimitsY(low, high);
        plot.Axes.Left.TickGenerator = LogTicks.Between(low, high);
        plot.ShowLegend(Edge.Right);
        return Height;
    }
}
