using RxSockets.Benchmarks.Cases;
using RxSockets.Benchmarks.Running;
using RxSockets.Benchmarks.Statistics;
using ScottPlot;

namespace RxSockets.Benchmarks.Reporting;

/// <summary>The plot of a group, as PNG and SVG.</summary>
internal static class Plots
{
    private const int Width = 1000;

    public static void Save(CaseGroup group, IReadOnlyList<CaseResult> results, string folder)
    {
        CaseResult[] some = [.. results.Where(static result => result.Rounds.Count > 0)];
        if (some.Length == 0)
            return;
        using var plot = new Plot();
        plot.Title(group.Description);
        int height = group.IsCurve ? CurvePlot.Draw(plot, some) : CostPlot.Draw(plot, some);
        string path = Path.Combine(folder, group.Name);
        plot.SavePng(path + ".png", Width, height);
        plot.SaveSvg(path + ".svg", Width, height);
    }

    public static Interval Cost(CaseResult result, Contender contender) => Sample.MedianInterval([.. result.Of(contender).Select(static round => round.Cost)]);
}
