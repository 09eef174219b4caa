// Starts a listener on a free port and its clients, and shows what the library does, each with a line and its timing.
//
//   dotnet run -c Release --project examples/Quickstart
//   dotnet run -c Release --project examples/Quickstart -- --engine managed --scheduling inline --mib 64
//
// Every step checks itself: the exit code is 0 only if all was right, within 30 seconds.
using System.CommandLine;
using System.Diagnostics;
using Examples;
using Quickstart;
using RxSockets;

Option<EngineKind> engine = CommonOptions.Engine();
Option<CompletionScheduling> scheduling = CommonOptions.Scheduling();
Option<int> mib = CommonOptions.Number("--mib", "MiB to echo", value: 256, least: 1, most: 4096);
var command = new RootCommand("What RxSockets does, in half a minute.") { engine, scheduling, mib };
command.SetAction((result, _) => RunAsync(
    result.GetRequiredValue(engine), result.GetRequiredValue(scheduling), result.GetRequiredValue(mib)));
return await command.Parse(args).InvokeAsync();

static async Task<int> RunAsync(EngineKind engine, CompletionScheduling scheduling, int mib)
{
    try
    {
        await using var port = CompletionPort.Create(new CompletionPortOptions { Engine = engine, Scheduling = scheduling });
        Console.WriteLine($"engine {port.Engine} ({port.EngineReason}), scheduling {port.Scheduling}");
        (string Name, Func<CompletionPort, Task<string>> Run)[] steps =
        [
            ("connections as a stream", Steps.AcceptAsync),
            ("first data with accept and connect", Steps.FirstDataAsync),
            ($"echo of {mib} MiB", p => EchoStep.RunAsync(p, mib)),
            ("a silent client is dropped", Steps.SilentClientAsync),
            ("an Rx pipeline over segments", Steps.RxPipelineAsync),
        ];
        long begin = Stopwatch.GetTimestamp();
        foreach ((string name, Func<CompletionPort, Task<string>> run) in steps)
        {
            long from = Stopwatch.GetTimestamp();
            TimeSpan left = TimeSpan.FromSeconds(30) - Stopwatch.GetElapsedTime(begin);
            string result = await run(port).WaitAsync(left);
            Console.WriteLine($"ok  {name,-36} {Stopwatch.GetElapsedTime(from).TotalMilliseconds,8:F1} ms   {result}");
        }

        return 0;
    }
    catch (Exception error)
    {
        Console.Error.WriteLine($"failed: {error.Message}");
        return 1;
    }
}
