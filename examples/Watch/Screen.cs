using System.Globalization;
using Spectre.Console;
using Spectre.Console.Rendering;

namespace Watch;

/// <summary>A measurement as a picture: three tables per port.</summary>
internal static class Screen
{
    private const string Ns = "rxsockets.";

    public static IRenderable Of(Board board, int process)
    {
        if (board.Ports.Count == 0)
            return new Text($"Process {process} has no port of RxSockets open (measurement {board.Measurements}).");
        return new Rows(board.Ports.Select(port => (IRenderable)new Panel(new Rows(SideBySide(Connections(port), Traffic(port)), Loops(port)))
        {
            Header = new PanelHeader($" process {process}, port {port.Id}, engine {port.Engine} "),
        }));
    }

    private static Grid SideBySide(IRenderable left, IRenderable right) => new Grid().AddColumn().AddColumn().AddRow(left, right);

    private static Table Connections(PortFigures port)
    {
        Table table = NewTable("connections", "now", "total", "per second");
        foreach (string state in new[] { "open", "connecting", "closing" })
            table.AddRow(state, Whole(port.Sum(Ns + "connection.active", $"{Ns}connection.state={state}")), "", "");
        AddByAttribute(table, port, "connection.opened", "opened: ", "connection.origin");
        AddByAttribute(table, port, "connection.closed", "closed: ", "connection.close_reason");
        AddByAttribute(table, port, "connection.dropped", "dropped: ", "connection.drop_rule");
        foreach (string name in new[] { "connect.errors", "accept.errors", "accept.pauses", "handler.exceptions" })
            table.AddRow(name.Replace('.', ' '), "", Alarm(port.Sum(Ns + name)), Rate(port.Rate(Ns + name)));
        return table;
    }

    private static Table Traffic(PortFigures port)
    {
        Table table = NewTable("traffic", "total", "per second");
        foreach ((string direction, string name) in new[] { ("receive", "received"), ("transmit", "sent") })
        {
            string attribute = "network.io.direction=" + direction;
            table.AddRow("bytes " + name, Bytes(port.Sum(Ns + "connection.io", attribute)), Bytes(port.Rate(Ns + "connection.io", attribute)));
            table.AddRow("datagrams " + name, Whole(port.Sum(Ns + "datagram.count", attribute)), Rate(port.Rate(Ns + "datagram.count", attribute)));
        }

        table.AddRow("completions", Whole(port.Sum(Ns + "operation.completed")), Rate(port.Rate(Ns + "operation.completed")));
        table.AddRow("system calls of loops", Whole(port.Sum(Ns + "engine.enters")), Rate(port.Rate(Ns + "engine.enters")));
        table.AddRow("buffer starvations", Alarm(port.Sum(Ns + "buffer.starvations")), Rate(port.Rate(Ns + "buffer.starvations")));
        return table;
    }

    private static IRenderable Loops(PortFigures port)
    {
        string[] loops = [.. port.Of(Ns + "loop.sockets").Select(static figure => figure.Attributes["rxsockets.loop"]).OrderBy(static loop => int.Parse(loop, CultureInfo.InvariantCulture))];
        if (loops.Length == 0)
            return new Text("This engine has no loops.");
        Table table = NewTable("loop", "sockets", "batch p50", "batch p99", "handlers p50", "handlers p99", "stalls");
        foreach (string loop in loops)
        {
            string one = $"{Ns}loop={loop}";
            string held = port.Sum(Ns + "loop.stalled", one) > 0 ? " [red]held now[/]" : "";
            table.AddRow(
                loop + held,
                Whole(port.Sum(Ns + "loop.sockets", one)),
                Count(port.Quantile(Ns + "loop.batch.size", 0.5, one)),
                Count(port.Quantile(Ns + "loop.batch.size", 0.99, one)),
                PlainText.Time(port.Quantile(Ns + "loop.batch.duration", 0.5, one)),
                PlainText.Time(port.Quantile(Ns + "loop.batch.duration", 0.99, one)),
                Alarm(port.Sum(Ns + "loop.stalls", one)));
        }

        return table;
    }

    private static Table NewTable(string first, params string[] others)
    {
        Table table = new Table().Border(TableBorder.Rounded).AddColumn(first);
        foreach (string name in others)
            table.AddColumn(new TableColumn(name).RightAligned());
        return table;
    }

    private static void AddByAttribute(Table table, PortFigures port, string instrument, string prefix, string attribute)
    {
        foreach (IGrouping<string, Figure> group in port.Of(Ns + instrument).GroupBy(figure => figure.Attributes[Ns + attribute]))
            table.AddRow(prefix + group.Key.Replace('_', ' '), "", Whole(group.Sum(static figure => figure.Value)), Rate(group.Sum(static figure => figure.PerSecond)));
    }

    private static string Whole(double value) => value.ToString("N0", CultureInfo.InvariantCulture);

    private static string Count(double? value) => value is { } count ? Whole(count) : "-";

    private static string Rate(double value) => value == 0 ? "" : value.ToString("N1", CultureInfo.InvariantCulture);

    private static string Alarm(double value) => value == 0 ? "0" : $"[yellow]{Whole(value)}[/]";

    private static string Bytes(double value)
    {
        string[] units = ["B", "KiB", "MiB", "GiB", "TiB"];
        int unit = 0;
        for (; value >= 1024 && unit < units.Length - 1; unit++)
            value /= 1024;
        return string.Create(CultureInfo.InvariantCulture, $"{value:0.#} {units[unit]}");
    }
}
