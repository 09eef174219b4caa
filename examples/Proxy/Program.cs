// A port forwarder: every connection to one address goes on to another, both ways, with half-close and backpressure.
//
//   dotnet run -c Release --project examples/Proxy -- --listen 127.0.0.1:7003 --to 127.0.0.1:8080
//   dotnet run -c Release --project examples/Proxy -- --listen unix:/run/front.sock --to unix:/run/back.sock --max-connections 100 --idle 60
//   dotnet run -c Release --project examples/Proxy -- --listen 127.0.0.1:7003 --to 127.0.0.1:8080 --accept-proxy --send-proxy v2
//
// PROXY protocol: --send-proxy tells the upstream who the client is, as the first data of the connect; --accept-proxy believes what the client says (version 1 or 2)
// and prints it, so listen where only your load balancer can connect. Both together pass it on. At the limit of connections clients wait in the backlog. A tunnel
// through which nothing moves is dropped.
// Try it, in front of examples/FileServer or any other server: curl -i http://127.0.0.1:7003/. SIGINT and SIGTERM stop it in order: nobody is accepted any more,
// open tunnels have --drain seconds to end; a second signal cuts them.
using System.CommandLine;
using System.Net;
using System.Net.Sockets;
using System.Reactive;
using System.Reactive.Disposables;
using System.Reactive.Subjects;
using System.Runtime.InteropServices;
using Examples;
using Proxy;
using RxSockets;

Option<EndPoint> listen = CommonOptions.Listen();
Option<EngineKind> engine = CommonOptions.Engine();
Option<CompletionScheduling> scheduling = CommonOptions.Scheduling();
var to = new Option<EndPoint>("--to")
{
    Description = "where to: HOST:PORT (an address), [ADDRESS]:PORT or unix:PATH",
    Required = true,
    CustomParser = static result =>
    {
        if (CommonOptions.TryParse(result.Tokens[0].Value, out EndPoint? endPoint, out string? error) && endPoint is IPEndPoint { Port: 0 })
            error = "nobody listens on port 0.";
        if (error is not null)
            result.AddError("--to: " + error);
        return endPoint;
    },
};
var sendProxy = new Option<ProxyVersion>("--send-proxy")
{
    Description = "v1 or v2: send the upstream a PROXY header",
    CustomParser = static result =>
    {
        string value = result.Tokens[0].Value;
        if (value is not ("v1" or "v2"))
            result.AddError($"--send-proxy is v1 or v2, not '{value}'.");
        return value == "v1" ? ProxyVersion.V1 : ProxyVersion.V2;
    },
};
var acceptProxy = new Option<bool>("--accept-proxy") { Description = "expect a PROXY header from the client, version 1 or 2" };
Option<int> most = CommonOptions.Number("--max-connections", "clients at a time; more wait in the backlog", value: 10_000, least: 1, most: 1_000_000);
Option<int> idle = CommonOptions.Number("--idle", "seconds a tunnel may rest (0: for ever)", value: 3600, least: 0, most: 86400);
Option<int> silent = CommonOptions.Number("--silent", "seconds a client may take to its first byte (0: for ever)", value: 0, least: 0, most: 3600);
Option<int> header = CommonOptions.Number("--header-timeout", "seconds the client's PROXY header may take", value: 5, least: 1, most: 60);
Option<int> connect = CommonOptions.Number("--connect-timeout", "seconds that connecting to the upstream may take", value: 10, least: 1, most: 300);
Option<int> drain = CommonOptions.Number("--drain", "seconds that open tunnels have to end in when it stops", value: 10, least: 0, most: 3600);
var command = new RootCommand("A port forwarder on RxSockets.")
{
    listen, to, sendProxy, acceptProxy, most, idle, silent, header, connect, drain, engine, scheduling,
};
command.SetAction(async (result, _) =>
{
    TimeSpan Seconds(Option<int> option) => TimeSpan.FromSeconds(result.GetRequiredValue(option));
    try
    {
        var options = new CompletionPortOptions { Engine = result.GetRequiredValue(engine), Scheduling = result.GetRequiredValue(scheduling) };
        await using var port = CompletionPort.Create(options);
        port.UnhandledException += static (_, failure) => Console.Error.WriteLine(failure.ExceptionObject);
        await using RxListener listener = RxListener.Bind(result.GetRequiredValue(listen), new ListenerOptions { Backlog = 4096, CompletionPort = port });
        var forwarding = new Forwarding(
            result.GetRequiredValue(to), result.GetValue(sendProxy), result.GetValue(acceptProxy), Seconds(header), Seconds(connect), port);
        await ServeAsync(listener, forwarding, result.GetRequiredValue(most), Seconds(silent), Seconds(idle), Seconds(drain));
        return 0;
    }
    catch (Exception error) when (error is SocketException or PlatformNotSupportedException or ArgumentException)
    {
        Console.Error.WriteLine($"proxy: {error.Message}");
        return 1;
    }
});
return await command.Parse(args).InvokeAsync(new InvocationConfiguration { ProcessTerminationTimeout = null });

static async Task ServeAsync(RxListener listener, Forwarding forwarding, int most, TimeSpan silent, TimeSpan idle, TimeSpan drain)
{
    using var stop = new CancellationTokenSource();
    using var cut = new CancellationTokenSource();
    using PosixSignalRegistration interrupt = StopOn(PosixSignal.SIGINT, stop, cut);
    using PosixSignalRegistration terminate = StopOn(PosixSignal.SIGTERM, stop, cut);
    Console.WriteLine($"listening on {listener.LocalEndPoint}");
    Console.WriteLine($"engine {forwarding.Port.Engine} ({forwarding.Port.EngineReason}), scheduling {forwarding.Port.Scheduling}");

    // Both sides of a tunnel are watched: bytes that one side leaves unread make the other one speak, not idle.
    using var upstreams = new Subject<RxConnection>();
    using IDisposable watching = idle > TimeSpan.Zero ? upstreams.DropIdle(idle, countSends: true).Subscribe() : Disposable.Empty;
    IObserver<RxConnection> connected = Observer.Synchronize(upstreams);
    IAsyncEnumerable<RxConnection> clients = listener.AcceptAllAsync();
    if (silent > TimeSpan.Zero)
        clients = clients.DropSilent(silent);
    if (idle > TimeSpan.Zero)
        clients = clients.DropIdle(idle, countSends: true);
    Task serving = clients
        .LimitConnections(most)
        .ForEachConnectionAsync(client => new Tunnel(client, forwarding, connected, cut.Token).RunAsync(), Report);

    await Task.WhenAny(serving, Task.Delay(Timeout.Infinite, stop.Token));
    await listener.DisposeAsync();
    Console.WriteLine("stopping");
    if (await Task.WhenAny(serving, Task.Delay(drain, cut.Token)) != serving)
        await cut.CancelAsync();
    await serving;
    Console.WriteLine("stopped");
}

// The client hears a reset, as it would from an upstream that is not there. That one side reset, or was dropped, is no news.
static void Report(RxConnection client, Exception error)
{
    if (error is RefusedException)
        Console.Error.WriteLine($"proxy: client {client.RemoteEndPoint} refused: {error.Message}");
    else if (error is not (SocketException or ObjectDisposedException or OperationCanceledException or TimeoutException))
        Console.Error.WriteLine(error);
    client.Abort();
}

static PosixSignalRegistration StopOn(PosixSignal signal, CancellationTokenSource stop, CancellationTokenSource cut) =>
    PosixSignalRegistration.Create(signal, context =>
    {
        context.Cancel = true;
        (stop.IsCancellationRequested ? cut : stop).Cancel();
    });
