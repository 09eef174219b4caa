// A chat server as one Rx pipeline: lines in, lines out to everybody. The first line of a client is its name; /quit leaves.
//
//   dotnet run -c Release --project examples/Chat -- --listen 127.0.0.1:7001 --silent 10 --idle 300 --rate 5
//
// Try it, in several terminals: nc 127.0.0.1 7001. SIGINT and SIGTERM stop it in order.
using System.CommandLine;
using System.Net;
using System.Net.Sockets;
using System.Reactive.Linq;
using System.Runtime.InteropServices;
using Chat;
using Examples;
using RxSockets;

Option<EndPoint> listen = CommonOptions.Listen();
Option<EngineKind> engine = CommonOptions.Engine();
Option<CompletionScheduling> scheduling = CommonOptions.Scheduling();
var silent = new Option<double>("--silent") { Description = "seconds to say a name in", DefaultValueFactory = static _ => 10 };
var idle = new Option<double>("--idle") { Description = "seconds to say nothing for", DefaultValueFactory = static _ => 300 };
var rate = new Option<int>("--rate") { Description = "lines per second and guest", DefaultValueFactory = static _ => 5 };
var guests = new Option<int>("--guests") { Description = "guests at a time; more wait at the door", DefaultValueFactory = static _ => 1000 };
var command = new RootCommand("A chat server on RxSockets.") { listen, engine, scheduling, silent, idle, rate, guests };
command.SetAction((result, _) => ServeAsync(
    result.GetRequiredValue(listen),
    new CompletionPortOptions { Engine = result.GetRequiredValue(engine), Scheduling = result.GetRequiredValue(scheduling) },
    new House(
        TimeSpan.FromSeconds(result.GetRequiredValue(silent)),
        TimeSpan.FromSeconds(result.GetRequiredValue(idle)),
        result.GetRequiredValue(rate),
        result.GetRequiredValue(guests))));
return await command.Parse(args).InvokeAsync(new InvocationConfiguration { ProcessTerminationTimeout = null });

static async Task<int> ServeAsync(EndPoint endPoint, CompletionPortOptions options, House house)
{
    try
    {
        await using var port = CompletionPort.Create(options);
        port.UnhandledException += static (_, failure) => Console.Error.WriteLine(failure.ExceptionObject);
        await using RxListener listener = RxListener.Bind(endPoint, new ListenerOptions { CompletionPort = port });
        var stopped = new TaskCompletionSource();
        using PosixSignalRegistration interrupt = StopOn(PosixSignal.SIGINT, stopped);
        using PosixSignalRegistration terminate = StopOn(PosixSignal.SIGTERM, stopped);
        Console.WriteLine($"listening on {listener.LocalEndPoint}");

        using var room = new Room();
        using IDisposable serving = listener.Accepted
            .DropSilent(house.SilentLimit)
            .DropIdle(house.IdleLimit)
            .LimitConnections(house.Guests)
            .MergeConnections(connection => new Guest(connection, room, house).Speak(), Report)
            .Subscribe(room.Say, stopped.SetException, static () => { });
        await stopped.Task;
        Console.WriteLine("stopped");
        return 0;
    }
    catch (Exception error) when (error is SocketException or PlatformNotSupportedException or ArgumentException)
    {
        Console.Error.WriteLine($"chat: {error.Message}");
        return 1;
    }
}

// A guest that resets, is dropped, or hangs up in the middle of a line is no news.
static void Report(RxConnection connection, Exception error)
{
    if (error is not (SocketException or EndOfStreamException))
        Console.Error.WriteLine($"{connection.RemoteEndPoint}: {error.Message}");
}

static PosixSignalRegistration StopOn(PosixSignal signal, TaskCompletionSource stopped) =>
    PosixSignalRegistration.Create(signal, context =>
    {
        context.Cancel = true;
        stopped.TrySetResult();
    });
