// Made from 5-engines-compared.ipynb by the notebooks' runner (update); change it there. Run it: dotnet run 5-engines-compared.cs
#:project Support

using Microsoft.DotNet.Interactive;
using RxSockets;
using System.Collections;
using System.Diagnostics;
using System.Net.Sockets;
using System.Net;
using System.Text;
using System.Threading;
using static Microsoft.DotNet.Interactive.Kernel;

// # 5. Engines compared
//
// The same echo server on each engine that this machine has, and the same client for all of them. Two things are measured: how long one small message takes there and back, and how much processor time it costs.
//
// The figures are those of this machine in this moment, which may have had other things to do. Run it on yours; what to look at is said beside the pictures.

// ## The servers
//
// An engine asked for by name that cannot run throws, with the reason. `Inline` is where handlers run on the engine's own thread, `ThreadPool` hands them over. The managed engine has no thread of its own: it is measured on the pool only.

var candidates = new[]
{
    (EngineKind.IoUring, CompletionScheduling.Inline), (EngineKind.IoUring, CompletionScheduling.ThreadPool),
    (EngineKind.Iocp, CompletionScheduling.Inline), (EngineKind.Iocp, CompletionScheduling.ThreadPool),
    (EngineKind.Managed, CompletionScheduling.ThreadPool),
};

var servers = new List<Server>();
foreach ((EngineKind engine, CompletionScheduling scheduling) in candidates)
{
    try
    {
        servers.Add(Server.Start(engine, scheduling));
        Console.WriteLine($"{servers[^1].Name} runs");
    }
    catch (PlatformNotSupportedException missing)
    {
        Console.WriteLine(missing.Message);
    }
}

// ## The client
//
// Blocking sockets on one thread, the least a client can cost: a message on every connection, then the answer on every connection. The processor time is the whole process's, client included. It is the same client for all, so a difference between two bars is a difference between two servers.

static void Exchange(Socket[] sockets, TimeSpan window, Outcome outcome)
{
    byte[] message = new byte[64], answer = new byte[64];
    TimeSpan before = Environment.CpuUsage.TotalTime;
    long started = Stopwatch.GetTimestamp();
    while (Stopwatch.GetElapsedTime(started) < window)
    {
        long sent = Stopwatch.GetTimestamp();
        foreach (Socket socket in sockets)
            socket.Send(message);
        foreach (Socket socket in sockets)
        {
            for (int count = 0, received; count < message.Length; count += received)
            {
                received = socket.Receive(answer, count, message.Length - count, SocketFlags.None);
                if (received == 0)
                    throw new InvalidOperationException("the server ended a connection");
            }
        }

        outcome.Operations += sockets.Length;
        if (sockets.Length == 1)
            outcome.Microseconds.Add(Stopwatch.GetElapsedTime(sent).TotalMicroseconds);
    }

    outcome.CpuMicroseconds += (Environment.CpuUsage.TotalTime - before).TotalMicroseconds;
}

static Socket[] Connect(Server server, int count)
{
    var sockets = new Socket[count];
    for (int i = 0; i < count; i++)
    {
        sockets[i] = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        sockets[i].Connect(server.Listener.LocalEndPoint);
    }

    return sockets;
}

// Each server gets one second with one connection and one with 32, in slices of a tenth of a second: they take turns, so that what else happens on the machine meets them all. Before that each is warmed up.

await Task.Factory.StartNew(
    () =>
    {
        Socket[][] one = servers.Select(server => Connect(server, 1)).ToArray();
        Socket[][] many = servers.Select(server => Connect(server, 32)).ToArray();
        for (int slice = -3; slice < 10; slice++)
        {
            for (int i = 0; i < servers.Count; i++)
            {
                Exchange(one[i], TimeSpan.FromMilliseconds(100), slice < 0 ? new Outcome() : servers[i].One);
                Exchange(many[i], TimeSpan.FromMilliseconds(100), slice < 0 ? new Outcome() : servers[i].Many);
            }
        }

        foreach (Socket socket in one.Concat(many).SelectMany(sockets => sockets))
            socket.Dispose();
    },
    TaskCreationOptions.LongRunning);
Console.WriteLine(servers.All(server => server.One.Operations > 1000 && server.Many.Operations > 1000) ? "more than a thousand operations each" : "few operations");

// ## Latency
//
// One connection that asks and waits. The distribution says more than a mean: where its hump lies, how narrow it is, and how much comes late.

static double Quantile(List<double> values, double part) => values.Order().ElementAt((int)(part * (values.Count - 1)));

var histogram = new ScottPlot.Plot();
const double First = 0.7, Step = 0.04;
foreach (Server server in servers)
{
    // Bins that are wider by the same factor each, from 5 us to 2 ms; the last one holds what is beyond.
    double[] parts = new double[67];
    foreach (double microseconds in server.One.Microseconds)
        parts[Math.Clamp((int)((Math.Log10(microseconds) - First) / Step), 0, parts.Length - 1)] += 100.0 / server.One.Microseconds.Count;
    var line = histogram.Add.Scatter(Enumerable.Range(0, parts.Length).Select(n => First + n * Step).ToArray(), parts);
    line.ConnectStyle = ScottPlot.ConnectStyle.StepHorizontal;
    line.LegendText = server.Name;
    line.LineWidth = 2;
    line.MarkerSize = 0;
    line.FillY = true;
    line.FillYColor = line.Color.WithAlpha(0.15);
}

double[] marks = [5, 10, 20, 50, 100, 200, 500, 1000, 2000];
histogram.Axes.Bottom.TickGenerator = new ScottPlot.TickGenerators.NumericManual(
    marks.Select(Math.Log10).ToArray(), marks.Select(mark => mark < 1000 ? $"{mark} us" : $"{mark / 1000} ms").ToArray());
histogram.Axes.SetLimitsX(First, 3.45);
histogram.Axes.Margins(bottom: 0);
histogram.Title("64 bytes there and back, one connection");
histogram.XLabel("latency, logarithmic");
histogram.YLabel("part of the operations (%)");
histogram.ShowLegend(ScottPlot.Alignment.UpperRight);
Convert.ToBase64String(histogram.GetImageBytes(760, 400, ScottPlot.ImageFormat.Png)).DisplayAs("image/png");

string rows = string.Concat(servers.Select(server =>
    $"<tr><td>{server.Name}</td><td>{Quantile(server.One.Microseconds, 0.5):F0}</td><td>{Quantile(server.One.Microseconds, 0.9):F0}</td><td>{Quantile(server.One.Microseconds, 0.99):F0}</td></tr>"));
$"<table><tr><th>latency, us</th><th>p50</th><th>p90</th><th>p99</th></tr>{rows}</table>".DisplayAs("text/html");

// Most of such a latency is waking threads, not moving bytes. Count the wake-ups: inline, the loop's thread wakes, answers and goes back to wait, or still looks for a moment, so that it need not be woken at all. On the pool another thread is woken to run the handler. How long waking takes depends on the machine and on what else it does: that is the width of the humps, and where two humps appear, threads were sometimes awake and sometimes not. With a single connection the hand-over to the pool is dear; [a decision](../docs/decisions/0003-looking-before-waiting.md) says what was tried against it.
//
// ## Processor time
//
// One connection and 32, beside each other.

var bars = new ScottPlot.Plot();
void Group(string name, double shift, Func<Server, double> value)
{
    var group = bars.Add.Bars(Enumerable.Range(0, servers.Count).Select(n => n + shift).ToArray(), servers.Select(value).ToArray());
    group.LegendText = name;
    foreach (ScottPlot.Bar bar in group.Bars)
    {
        bar.Size = 0.36;
        bar.Label = $"{bar.Value:F1}";
    }
}

Group("1 connection", -0.2, server => server.One.CpuPerOperation);
Group("32 connections", 0.2, server => server.Many.CpuPerOperation);
bars.Axes.Bottom.TickGenerator = new ScottPlot.TickGenerators.NumericManual(
    Enumerable.Range(0, servers.Count).Select(n => (double)n).ToArray(), servers.Select(server => server.Name).ToArray());
bars.Axes.Margins(bottom: 0, top: 0.3);
bars.Title("64 bytes there and back: processor time of server and client");
bars.XLabel("engine and scheduling");
bars.YLabel("CPU per operation (us)");
bars.ShowLegend(ScottPlot.Alignment.UpperLeft);
Convert.ToBase64String(bars.GetImageBytes(760, 400, ScottPlot.ImageFormat.Png)).DisplayAs("image/png");

// Compare the two bars of one server before comparing servers. With many connections one system call of the loop brings many completions and takes along many sends, one wake-up of the pool runs many handlers: what is paid per round is shared, and the price of an operation falls. Then compare the servers at 32 connections; the client's part is the same in each.
//
// Measured with server and load on processors of their own, on a quiet machine and beside a server in C, this is in [docs/benchmarks](../docs/benchmarks/README.md); what follows for a program of yours, in [docs/performance.md](../docs/performance.md).

foreach (Server server in servers)
{
    await server.Listener.DisposeAsync();
    await server.Serving;
    await server.Port.DisposeAsync();
}

display("all servers have ended");

sealed record Server(string Name, CompletionPort Port, RxListener Listener, Task Serving)
{
    public Outcome One { get; } = new();
    public Outcome Many { get; } = new();

    public static Server Start(EngineKind engine, CompletionScheduling scheduling)
    {
        CompletionPort port = CompletionPort.Create(new CompletionPortOptions { Engine = engine, Scheduling = scheduling });
        RxListener listener = RxListener.Bind(new IPEndPoint(IPAddress.Loopback, 0), new ListenerOptions { CompletionPort = port });
        Task serving = listener.AcceptAllAsync().ForEachConnectionAsync(async connection =>
        {
            await foreach (ReceivedSegment segment in connection.ReceiveAllAsync())
                await connection.SendAsync(segment.Memory);
        });
        return new Server(engine + (scheduling == CompletionScheduling.Inline ? ", inline" : ", thread pool"), port, listener, serving);
    }
}

sealed class Outcome
{
    public List<double> Microseconds { get; } = [];
    public double CpuMicroseconds { get; set; }
    public int Operations { get; set; }
    public double CpuPerOperation => CpuMicroseconds / Operations;
}
