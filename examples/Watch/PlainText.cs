using System.Globalization;

namespace Watch;

/// <summary>A measurement of a port in one line, for pipes and files.</summary>
internal static class PlainText
{
    public static string Of(PortFigures port)
    {
        double Sum(string instrument, params string[] attributes) => port.Sum("rxsockets." + instrument, attributes);
        string Bytes(string direction) => string.Create(
            CultureInfo.InvariantCulture,
            $"{Sum("connection.io", "network.io.direction=" + direction):0} B ({port.Rate("rxsockets.connection.io", "network.io.direction=" + direction):0} B/s)");
        return string.Create(
            CultureInfo.InvariantCulture,
            $"port {port.Id} {port.Engine}: open {Sum("connection.active", "rxsockets.connection.state=open"):0}, closing {Sum("connection.active", "rxsockets.connection.state=closing"):0}, opened {Sum("connection.opened"):0}, closed {Sum("connection.closed"):0}, dropped {Sum("connection.dropped"):0}, received {Bytes("receive")}, sent {Bytes("transmit")}, accept errors {Sum("accept.errors"):0}, pauses {Sum("accept.pauses"):0}, starvations {Sum("buffer.starvations"):0}, stalls {Sum("loop.stalls"):0}, handlers p99 {Time(port.Quantile("rxsockets.loop.batch.duration", 0.99))}");
    }

    /// <summary>Seconds as people read them; a dash for none.</summary>
    public static string Time(double? seconds) => seconds switch
    {
        null => "-",
        < 0.001 => string.Create(CultureInfo.InvariantCulture, $"{seconds * 1e6:0.#} us"),
        < 1 => string.Create(CultureInfo.InvariantCulture, $"{seconds * 1e3:0.#} ms"),
        _ => string.Create(CultureInfo.InvariantCulture, $"{seconds:0.##} s"),
    };
}
