// A live dashboard of another process: its connections, rates, drops and latencies, from the meter RxSockets (docs/observability.md). It reads them as
// dotnet-counters does, over the diagnostics socket that every .NET process has, so that what is watched needs no code for it.
//
//   dotnet run -c Release --project examples/Watch                         names the processes that can be watched
//   dotnet run -c Release --project examples/Watch -- --pid 1234
//   dotnet run -c Release --project examples/Watch -- --pid 1234 --once    one measurement as text
//
// Try it: start examples/Echo --scheduling inline, then this with its process id, then talk to it with nc. SIGINT and SIGTERM stop it in order; so does the end of what is
// watched. Where the output is not a terminal it writes a line per port and interval.
using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using Examples;
using Microsoft.Diagnostics.NETCore.Client;
using Spectre.Console;
using Watch;

var pid = new Option<int?>("--pid")
{
    Description = "the process to watch",
    CustomParser = static result =>
    {
        if (int.TryParse(result.Tokens[0].Value, NumberStyles.None, CultureInfo.InvariantCulture, out int number) && number > 0)
            return number;
        result.AddError($"--pid is the number of a process, not '{result.Tokens[0].Value}'.");
        return null;
    },
};
Option<int> interval = CommonOptions.Number("--interval", "seconds between measurements", value: 1, least: 1, most: 60);
var once = new Option<bool>("--once") { Description = "one measurement as text, then end" };
var command = new RootCommand("Watches the RxSockets meter of another process.") { pid, interval, once };
command.SetAction((result, _) => Task.FromResult(Run(result.GetValue(pid), result.GetRequiredValue(interval), result.GetValue(once))));
return await command.Parse(args).InvokeAsync(new InvocationConfiguration { ProcessTerminationTimeout = null });

static int Run(int? pid, int interval, bool once)
{
    if (pid is not { } process)
    {
        ListProcesses();
        return 0;
    }

    try
    {
        using var metrics = MetricsSession.Open(process, interval);
        using PosixSignalRegistration interrupt = StopOn(PosixSignal.SIGINT, metrics);
        using PosixSignalRegistration terminate = StopOn(PosixSignal.SIGTERM, metrics);
        if (once)
            WriteOnce(metrics, process);
        else if (Console.IsOutputRedirected)
            WriteLines(metrics);
        else
            Draw(metrics, process);
        return 0;
    }
    catch (Exception error) when (error is ServerNotAvailableException or DiagnosticsClientException or TimeoutException or WatchException or IOException or UnauthorizedAccessException)
    {
        Console.Error.WriteLine($"watch: process {process}: {error.Message}");
        return 1;
    }
}

static void WriteOnce(MetricsSession metrics, int process)
{
    bool written = false;
    metrics.Run(board =>
    {
        // The first measurement has no rates yet.
        if (board.Measurements < 2 || board.Ports.Count == 0)
            return board.Measurements < 4;
        foreach (PortFigures port in board.Ports)
            Console.WriteLine(PlainText.Of(port));
        written = true;
        return false;
    });
    if (!written)
        throw new WatchException($"it has no port of RxSockets open. (Is {process} the server, or the dotnet that started it?)");
}

static void WriteLines(MetricsSession metrics) => metrics.Run(static board =>
{
    foreach (PortFigures port in board.Ports)
        Console.WriteLine(PlainText.Of(port));
    return true;
});

static void Draw(MetricsSession metrics, int process)
{
    AnsiConsole.Live(new Text($"Waiting for the first measurement of process {process} ..."))
        .Start(live => metrics.Run(board =>
        {
            live.UpdateTarget(Screen.Of(board, process));
            return true;
        }));
    AnsiConsole.WriteLine("The process has ended, or the watching.");
}

static void ListProcesses()
{
    Console.WriteLine("--pid N watches one of the .NET processes of this user:");
    foreach (int id in DiagnosticsClient.GetPublishedProcesses().Where(static id => id != Environment.ProcessId).Order())
    {
        try
        {
            using var process = Process.GetProcessById(id);
            Console.WriteLine($"{id,8}  {process.ProcessName}");
        }
        catch (ArgumentException)
        {
            // It ended meanwhile.
        }
    }
}

static PosixSignalRegistration StopOn(PosixSignal signal, MetricsSession metrics) =>
    PosixSignalRegistration.Create(signal, context =>
    {
        context.Cancel = true;
        metrics.Stop();
    });
