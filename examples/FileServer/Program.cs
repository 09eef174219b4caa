// A static file server over HTTP/1.1 on TransmitFile: GET and HEAD, keep-alive, single ranges, ETag and If-None-Match.
//
//   dotnet run -c Release --project examples/FileServer -- --root DIR --listen 127.0.0.1:8080
//
// Try it: curl -i http://127.0.0.1:8080/file. Clients that say nothing, or nothing more, are dropped by operators on the stream of connections. Symbolic
// links below the root are followed. SIGINT and SIGTERM stop it in order.
using System.CommandLine;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using Examples;
using FileServer;
using RxSockets;

var root = new Option<string>("--root") { Description = "the folder to serve", Required = true };
Option<EndPoint> listen = CommonOptions.Listen();
Option<EngineKind> engine = CommonOptions.Engine();
Option<CompletionScheduling> scheduling = CommonOptions.Scheduling();
Option<int> silent = CommonOptions.Number("--silent", "seconds a client may be connected without a byte", value: 10, least: 1, most: 3600);
Option<int> idle = CommonOptions.Number("--idle", "seconds a connection may rest", value: 60, least: 1, most: 3600);
var command = new RootCommand("A static file server on RxSockets.") { root, listen, engine, scheduling, silent, idle };
command.SetAction((result, _) => ServeAsync(
    result.GetRequiredValue(root),
    result.GetRequiredValue(listen),
    new CompletionPortOptions { Engine = result.GetRequiredValue(engine), Scheduling = result.GetRequiredValue(scheduling) },
    TimeSpan.FromSeconds(result.GetRequiredValue(silent)),
    TimeSpan.FromSeconds(result.GetRequiredValue(idle))));
return await command.Parse(args).InvokeAsync(new InvocationConfiguration { ProcessTerminationTimeout = null });

static async Task<int> ServeAsync(string folder, EndPoint endPoint, CompletionPortOptions options, TimeSpan silent, TimeSpan idle)
{
    try
    {
        var files = new FileRoot(folder);
        await using var port = CompletionPort.Create(options);
        port.UnhandledException += static (_, failure) => Console.Error.WriteLine(failure.ExceptionObject);
        await using RxListener listener = RxListener.Bind(endPoint, new ListenerOptions { Backlog = 4096, CompletionPort = port });
        using var stop = new CancellationTokenSource();
        using PosixSignalRegistration interrupt = StopOn(PosixSignal.SIGINT, stop);
        using PosixSignalRegistration terminate = StopOn(PosixSignal.SIGTERM, stop);
        Console.WriteLine($"listening on {listener.LocalEndPoint}");
        Console.WriteLine($"engine {port.Engine} ({port.EngineReason}), scheduling {port.Scheduling}");

        using CancellationTokenRegistration ending = stop.Token.Register(static state => _ = ((RxListener)state!).DisposeAsync(), listener);
        Task serving = listener.AcceptAllAsync()
            .DropSilent(silent)
            .DropIdle(idle, countSends: true)
            .LimitConnections(10_000)
            .ForEachConnectionAsync(connection => Session.RunAsync(connection, files), static (_, error) => Report(error));
        await Task.WhenAny(serving, Task.Delay(Timeout.Infinite, stop.Token));
        Console.WriteLine("stopped");
        return 0;
    }
    catch (Exception error) when (error is SocketException or PlatformNotSupportedException or ArgumentException or IOException)
    {
        Console.Error.WriteLine($"fileserver: {error.Message}");
        return 1;
    }
}

// Clients that reset, are dropped or leave in the middle of a request are no news.
static void Report(Exception error)
{
    if (error is not (SocketException or ObjectDisposedException or EndOfStreamException))
        Console.Error.WriteLine(error);
}

static PosixSignalRegistration StopOn(PosixSignal signal, CancellationTokenSource stop) =>
    PosixSignalRegistration.Create(signal, context =>
    {
        context.Cancel = true;
        stop.Cancel();
    });
