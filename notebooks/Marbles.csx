// Marble pictures: one line per sequence, time runs to the right; a bar is the end, a cross an error or a dropped connection.
using System;
using System.Collections.Generic;
using System.Linq;
using System.Reactive;
using Microsoft.DotNet.Interactive;
using Microsoft.Reactive.Testing;

record Marble(double Seconds, string Text, char Shape = 'o');

static Marble[] Marbles<T>(IEnumerable<Recorded<Notification<T>>> messages, Func<T, string> text) => messages
    .Select(message => new Marble(
        TimeSpan.FromTicks(message.Time).TotalSeconds,
        message.Value.HasValue ? text(message.Value.Value) : "",
        message.Value.Kind switch { NotificationKind.OnNext => 'o', NotificationKind.OnCompleted => '|', _ => 'x' }))
    .ToArray();

static void Draw(string title, double until, params (string Name, Marble[] Marbles)[] lines)
{
    var plot = new ScottPlot.Plot();
    var palette = new ScottPlot.Palettes.Category10();
    for (int i = 0; i < lines.Length; i++)
    {
        double y = lines.Length - i;
        Marble end = lines[i].Marbles.LastOrDefault(marble => marble.Shape == '|');
        var axis = plot.Add.Line(0, y, end?.Seconds ?? until, y);
        axis.LineColor = ScottPlot.Colors.Gray;
        axis.LineWidth = 1.5f;
        foreach (Marble marble in lines[i].Marbles)
        {
            if (marble.Shape == '|')
            {
                var bar = plot.Add.Line(marble.Seconds, y - 0.2, marble.Seconds, y + 0.2);
                bar.LineColor = ScottPlot.Colors.Black;
                bar.LineWidth = 2;
                continue;
            }

            bool cross = marble.Shape == 'x';
            var shape = cross ? ScottPlot.MarkerShape.Eks : ScottPlot.MarkerShape.FilledCircle;
            var marker = plot.Add.Marker(marble.Seconds, y, shape, cross ? 14 : 18, cross ? ScottPlot.Colors.Red : palette.GetColor(i));
            marker.MarkerLineWidth = 3;
            var label = plot.Add.Text(marble.Text, marble.Seconds, y + 0.22);
            label.LabelAlignment = ScottPlot.Alignment.LowerCenter;
            label.LabelFontSize = 13;
            label.LabelFontColor = ScottPlot.Colors.Black;
        }
    }

    plot.Axes.Left.TickGenerator = new ScottPlot.TickGenerators.NumericManual(
        Enumerable.Range(1, lines.Length).Select(n => (double)n).ToArray(), lines.Reverse().Select(line => line.Name).ToArray());
    plot.Axes.Left.TickLabelStyle.FontSize = 14;
    plot.Axes.SetLimits(-until * 0.03, until * 1.03, 0.5, lines.Length + 0.8);
    plot.HideGrid();
    plot.Title(title);
    plot.XLabel("virtual seconds");
    plot.YLabel("sequence");
    plot.Axes.Left.MinimumSize = 190;
    Convert.ToBase64String(plot.GetImageBytes(820, 130 + 85 * lines.Length, ScottPlot.ImageFormat.Png)).DisplayAs("image/png");
}
