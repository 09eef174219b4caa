// An echo server: what comes in goes out, on every connection, until the peer's FIN.
//
//   dotnet run -c Release --project examples/Echo -- --listen 127.0.0.1:7000 --engine auto --scheduling pool
//   dotnet run -c Release --project examples/Echo -- --listen unix:/run/echo.sock
//   dotnet run -c Release --project examples/Echo -- --listen 127.0.0.1:7000 --file PATH
//
// With --file every connection to the next port but one (7002) is sent 1 KiB, the file, 1 KiB, and is closed.
// Try it: printf 'hello\n' | nc -N 127.0.0.1 7000. SIGINT and SIGTERM stop it in order.
using System.CommandLine;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using Examples;
using Microsoft.Win32.SafeHandles;
using RxSockets;

Option<EndPoint> listen = CommonOptions.Listen();
Option<EngineKind> engine = CommonOptions.Engine();
Option<CompletionScheduling> scheduling = CommonOptions.Scheduling();
Option<int> loops = CommonOptions.Number("--loops", "loop threads", value: 1, least: 1, most: 64);
var file = new Option<string?>("--file") { Description = "a file to serve on the next port but one" };
var command = new RootCommand("An echo server on RxSockets.") { listen, engine, scheduling, loops, file };
command.SetAction((result, _) => ServeAsync(
    result.GetRequiredValue(listen), result.GetRequiredValue(engine), result.GetRequiredValue(scheduling), result.GetRequiredValue(loops), result.GetValue(file)));
return await command.Parse(args).InvokeAsync(new InvocationConfiguration { ProcessTerminationTimeout = null });

static async Task<int> ServeAsync(EndPoint endPoint, EngineKind engine, CompletionScheduling scheduling, int loops, string? path)
{
    try
    {
        await using var port = CompletionPort.Create(new CompletionPortOptions { Engine = engine, Scheduling = scheduling, Loops = loops });
        port.UnhandledException += static (_, failure) => Console.Error.WriteLine(failure.ExceptionObject);
        await using RxListener listener = RxListener.Bind(endPoint, new ListenerOptions { Backlog = 4096, CompletionPort = port });
        using var stop = new CancellationTokenSource();
        using PosixSignalRegistration interrupt = StopOn(PosixSignal.SIGINT, stop);
        using PosixSignalRegistration terminate = StopOn(PosixSignal.SIGTERM, stop);
        Console.WriteLine($"listening on {listener.LocalEndPoint}");
        await using RxListener? files = path is null ? null : ServeFile(path, listener.LocalEndPoint, port);
        Console.WriteLine($"engine {port.Engine} ({port.EngineReason}), scheduling {port.Scheduling}");

        // The stream ends with the listener; connections that are open go on until the port is disposed.
        using CancellationTokenRegistration ending = stop.Token.Register(static state => _ = ((RxListener)state!).DisposeAsync(), listener);
        Task serving = listener.AcceptAllAsync().ForEachConnectionAsync(EchoAsync, static (_, error) => Report(error));
        await Task.WhenAny(serving, Task.Delay(Timeout.Infinite, stop.Token));
        Console.WriteLine("stopped");
        return 0;
    }
    catch (Exception error) when (error is SocketException or PlatformNotSupportedException or ArgumentException or IOException or UnauthorizedAccessException)
    {
        Console.Error.WriteLine($"echo: {error.Message}");
        return 1;
    }
}

static async Task EchoAsync(RxConnection connection)
{
    await foreach (ReceivedSegment segment in connection.ReceiveAllAsync())
        await connection.SendAsync(segment.Memory);
}

static RxListener ServeFile(string path, EndPoint echo, CompletionPort port)
{
    if (echo is not IPEndPoint { Port: < ushort.MaxValue - 1 } address)
        throw new ArgumentException("--file needs a TCP port with another one two above it.");
    SafeFileHandle file = File.OpenHandle(path, options: FileOptions.SequentialScan);
    var edge = new byte[1024];
    RxListener listener = RxListener.Bind(new IPEndPoint(address.Address, address.Port + 2), new ListenerOptions { Backlog = 4096, CompletionPort = port });
    Console.WriteLine($"file on {listener.LocalEndPoint}");
    var options = new FileTransmitOptions { Head = edge, Tail = edge };
    Task serving = listener.AcceptAllAsync().ForEachConnectionAsync(
        async connection => await connection.TransmitFileAsync(file, options), static (_, error) => Report(error));
    _ = serving.ContinueWith(_ => file.Dispose(), TaskScheduler.Default);
    return listener;
}

// A peer that resets is no news to an echo server.
static void Report(Exception error)
{
    if (error is not (SocketException or ObjectDisposedException))
        Console.Error.WriteLine(error);
}

static PosixSignalRegistration StopOn(PosixSignal signal, CancellationTokenSource stop) =>
    PosixSignalRegistration.Create(signal, context =>
    {
        context.Cancel = true;
        stop.Cancel();
    });
