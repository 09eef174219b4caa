// Made from 1-accepted-connections.ipynb by the notebooks' runner (update); change it there. Run it: dotnet run 1-accepted-connections.cs
#:project Support

using RxSockets;
using System.Collections;
using System.Diagnostics;
using System.Net;
using System.Reactive.Linq;
using System.Text;
using System.Threading;
using static Microsoft.DotNet.Interactive.Kernel;

// # 1. Accepted connections as a stream
//
// A listener is a stream of connections. It can be *pulled* (`await foreach`) or *pushed* (`IObservable`). Both are cold: nothing is accepted before somebody reads.
//
// Before the first run: `dotnet publish notebooks/Support -c Release -o notebooks/bin`. System.Reactive is referenced first, because the kernel holds an older one.

// Port 0 is any free port. The shared completion port takes the best engine that works on this machine, and says why.

RxListener listener = RxListener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
Console.WriteLine($"engine {CompletionPort.Shared.Engine}: {CompletionPort.Shared.EngineReason}");
Console.WriteLine($"listening on {((IPEndPoint)listener.LocalEndPoint).Address}, any free port");

// ## Pulled
//
// Five clients connect. They stand before anybody accepts them: the kernel's backlog holds them.

async Task<List<RxConnection>> ConnectAsync(int count)
{
    var opened = new List<RxConnection>();
    for (int i = 0; i < count; i++)
        opened.Add(await RxConnection.ConnectAsync(listener.LocalEndPoint));
    return opened;
}

List<RxConnection> clients = await ConnectAsync(5);
int taken = 0;
await foreach (RxConnection connection in listener.AcceptAllAsync())
{
    bool known = clients.Any(client => client.LocalEndPoint.Equals(connection.RemoteEndPoint));
    Console.WriteLine($"connection {++taken}, from one of our clients: {known}");
    await connection.DisposeAsync();
    if (taken == 5)
        break;
}

// ## Leaving loses nothing
//
// The first reader takes one of three and leaves. The next reader begins where it stopped.

clients.AddRange(await ConnectAsync(3));
RxConnection one = await listener.AcceptAllAsync().FirstAsync();
RxConnection two = await listener.AcceptAsync();
RxConnection three = await listener.AcceptAsync();
Console.WriteLine(new[] { one, two, three }.Select(connection => connection.RemoteEndPoint).SequenceEqual(clients.TakeLast(3).Select(client => client.LocalEndPoint))
    ? "in the order in which they connected"
    : "in another order");
foreach (RxConnection connection in new[] { one, two, three })
    await connection.DisposeAsync();

// ## Pushed
//
// The same stream under Rx. Clients come for two seconds at random; every operator of System.Reactive applies. A cell awaits its window: what came after its end would be dropped.

var clock = Stopwatch.StartNew();
async Task ComeAsync(int seed)
{
    var random = new Random(seed);
    while (clock.Elapsed < TimeSpan.FromSeconds(2))
    {
        // A rush in the middle of the window.
        double pause = Math.Abs(clock.Elapsed.TotalSeconds - 1) < 0.3 ? 8 : 50;
        await Task.Delay(TimeSpan.FromMilliseconds(pause * (0.5 + random.NextDouble())));
        RxConnection client = await RxConnection.ConnectAsync(listener.LocalEndPoint);
        await client.DisposeAsync();
    }
}

var arrivals = new List<double>();
using (listener.Accepted
    .Do(connection => _ = connection.DisposeAsync())
    .Select(_ => clock.Elapsed.TotalSeconds)
    .Subscribe(arrivals.Add))
{
    await ComeAsync(1);
    await Task.Delay(300);
}

Console.WriteLine($"{(arrivals.Count > 30 ? "more than 30" : "few")} connections, the last one {(arrivals[^1] > 1.8 ? "near the end of the window" : "early")}");

var plot = new ScottPlot.Plot();
var steps = plot.Add.Scatter(arrivals.ToArray(), Enumerable.Range(1, arrivals.Count).Select(n => (double)n).ToArray());
steps.ConnectStyle = ScottPlot.ConnectStyle.StepHorizontal;
steps.MarkerSize = 0;
steps.LineWidth = 2;
plot.Title("Connections accepted: a rush between 0.7 and 1.3 s");
plot.XLabel("seconds since the first reader came");
plot.YLabel("connections accepted so far");
Convert.ToBase64String(plot.GetImageBytes(760, 380, ScottPlot.ImageFormat.Png)).DisplayAs("image/png");

// ## A handler for each
//
// `ForEachConnectionAsync` runs a handler per connection, disposes the connection when its handler ends, and itself ends with the last handler. Here: an echo server for three clients.

Task serving = listener.AcceptAllAsync().ForEachConnectionAsync(async connection =>
{
    await foreach (ReceivedSegment segment in connection.ReceiveAllAsync())
        await connection.SendAsync(segment.Memory);
});

List<RxConnection> talking = await ConnectAsync(3);
foreach (RxConnection client in talking)
{
    byte[] answer = new byte[16];
    await client.SendAsync(Encoding.UTF8.GetBytes("hello"));
    int count = await client.ReceiveAsync(answer);
    Console.WriteLine($"echoed: {Encoding.UTF8.GetString(answer, 0, count)}");
}

// ## The end
//
// A client's end is told by `Closed`, never by an exception. Disposing the listener ends its stream, and with it the server.

foreach (RxConnection client in talking)
    await client.DisconnectAsync();
ConnectionClosure closure = await talking[0].Closed;
await listener.DisposeAsync();
await serving;
foreach (RxConnection client in clients)
    await client.DisposeAsync();
display($"{closure.Reason}: {closure.BytesSent} bytes sent, {closure.BytesReceived} received");
