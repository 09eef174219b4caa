// Made from 2-first-data.ipynb by the notebooks' runner (update); change it there. Run it: dotnet run 2-first-data.cs
#:project Support

using Microsoft.DotNet.Interactive;
using RxSockets;
using System.Collections;
using System.Net;
using System.Reactive.Linq;
using System.Text;
using System.Threading;
using static Microsoft.DotNet.Interactive.Kernel;

// # 2. First data, connect time, and silent clients
//
// A connection that never says a word costs a server memory and a descriptor. Winsock has two answers to that, and here they are on every engine: accept a connection *together with its first bytes* (AcceptEx),
// and ask a connection *how long it has been connected* (SO_CONNECT_TIME).

// ## First data
//
// The client's bytes leave with its connect; the listener delivers the connection when they are there. They are `FirstData`, and also the first segment of the stream.

var any = new IPEndPoint(IPAddress.Loopback, 0);
await using (RxListener listener = RxListener.Bind(any, new ListenerOptions { FirstDataBytes = 256 }))
{
    ValueTask<RxConnection> accepting = listener.AcceptAsync();
    await using RxConnection client = await RxConnection.ConnectAsync(listener.LocalEndPoint, Encoding.UTF8.GetBytes("GET /hello"));
    await using RxConnection connection = await accepting;
    Console.WriteLine($"left with the connect: {client.FirstDataSent} bytes");
    Console.WriteLine($"came with the accept:  '{Encoding.UTF8.GetString(connection.FirstData.Span)}'");
    await foreach (ReceivedSegment segment in connection.ReceiveAllAsync())
    {
        Console.WriteLine($"first segment:         '{Encoding.UTF8.GetString(segment.Memory.Span)}'");
        break;
    }
}

// ## Connect time
//
// `ConnectTime` counts from when the connection was established, by the kernel's word. Ten clients come 100 ms apart, and nobody accepts them. Then all are accepted at once: each knows how long it has waited.

var waited = new List<double>();
await using (RxListener listener = RxListener.Bind(any))
{
    var clients = new List<RxConnection>();
    for (int i = 0; i < 10; i++)
    {
        clients.Add(await RxConnection.ConnectAsync(listener.LocalEndPoint));
        await Task.Delay(100);
    }

    await foreach (RxConnection connection in listener.AcceptAllAsync())
    {
        waited.Add(connection.ConnectTime.Value.TotalMilliseconds);
        await connection.DisposeAsync();
        if (waited.Count == clients.Count)
            break;
    }

    foreach (RxConnection client in clients)
        await client.DisposeAsync();
}

Console.WriteLine($"{waited.Count} connections, {(waited.SequenceEqual(waited.OrderDescending()) ? "oldest first" : "in another order")}");

var plot = new ScottPlot.Plot();
plot.Add.Bars(Enumerable.Range(1, waited.Count).Select(n => (double)n).ToArray(), waited.ToArray());
plot.Axes.Bottom.TickGenerator = new ScottPlot.TickGenerators.NumericManual(
    Enumerable.Range(1, waited.Count).Select(n => (double)n).ToArray(), Enumerable.Range(1, waited.Count).Select(n => n.ToString()).ToArray());
plot.Axes.Margins(bottom: 0);
plot.Title("Connect time when accepted: clients that came 100 ms apart");
plot.XLabel("connection, in the order of accepting");
plot.YLabel("connect time (ms)");
Convert.ToBase64String(plot.GetImageBytes(760, 360, ScottPlot.ImageFormat.Png)).DisplayAs("image/png");

// ## Dropping silent clients, live
//
// Thirty clients connect, 50 ms apart. Every third one never says a word. `DropSilent` aborts a client that has been connected for one second without a byte, and passes everybody on at once.
//
// The table is live while the cell runs. The window is four seconds: long enough for the last silent client to be dropped.

static string Table(Sample now) =>
    "<table><tr><th>seconds</th><th>speaking, open</th><th>silent, open</th><th>dropped</th></tr>"
    + $"<tr><td>{now.Seconds:F1}</td><td>{now.Speaking}</td><td>{now.Silent}</td><td>{now.Dropped}</td></tr></table>";

var counters = new ConnectionCounters();
var samples = new List<Sample>();
var accepted = new List<RxConnection>();
var live = KernelInvocationContext.Current.Display("<p>nobody yet</p>", "text/html");
await using (RxListener listener = RxListener.Bind(any))
{
    var started = System.Diagnostics.Stopwatch.StartNew();
    using IDisposable subscription = listener.Accepted
        .DropSilent(TimeSpan.FromSeconds(1), counters: counters)
        .Subscribe(connection =>
        {
            lock (accepted)
                accepted.Add(connection);
        });

    var clients = new List<RxConnection>();
    while (started.Elapsed < TimeSpan.FromSeconds(4))
    {
        if (clients.Count < 30)
            clients.Add(await RxConnection.ConnectAsync(
                listener.LocalEndPoint, clients.Count % 3 == 2 ? default : Encoding.UTF8.GetBytes("hello")));
        await Task.Delay(50);
        lock (accepted)
        {
            RxConnection[] open = accepted.Where(connection => !connection.Closed.IsCompleted).ToArray();
            int silent = open.Count(connection => clients.FindIndex(client => connection.RemoteEndPoint.Equals(client.LocalEndPoint)) % 3 == 2);
            samples.Add(new Sample(started.Elapsed.TotalSeconds, open.Length - silent, silent, counters.DroppedSilent));
        }

        live.Update(Table(samples[^1]));
    }

    foreach (RxConnection connection in accepted.Concat(clients))
        await connection.DisposeAsync();
}

// The silent ones pile up for a second and then leave in the order in which they came. The sweep that finds them runs four times a second here, which makes the steps.

var course = new ScottPlot.Plot();
double[] seconds = samples.Select(sample => sample.Seconds).ToArray();
void Line(string name, Func<Sample, double> value)
{
    var line = course.Add.Scatter(seconds, samples.Select(value).ToArray());
    line.LegendText = name;
    line.LineWidth = 2;
    line.MarkerSize = 0;
}

Line("speaking, open", sample => sample.Speaking);
Line("silent, open", sample => sample.Silent);
Line("dropped", sample => sample.Dropped);
course.Title("DropSilent(1 s): 30 clients in 1.5 s, every third one silent");
course.XLabel("seconds");
course.YLabel("connections");
course.ShowLegend(ScottPlot.Alignment.LowerRight);
Convert.ToBase64String(course.GetImageBytes(760, 380, ScottPlot.ImageFormat.Png)).DisplayAs("image/png");

// `Closed` says what happened, and which rule did it.

ConnectionClosure[] ends = await Task.WhenAll(accepted.Select(connection => connection.Closed));
display(ends.Where(end => end.Reason == ConnectionCloseReason.Dropped).Select(end => $"{end.Reason}: {end.Description}").First());

record Sample(double Seconds, int Speaking, int Silent, long Dropped);
