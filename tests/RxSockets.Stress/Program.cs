// Loads one engine for a while and looks whether anything is wrong or left. See docs/reliability.md.
//
//   dotnet run -c Release --project tests/RxSockets.Stress -- --minutes 30 --engine iouring [--scheduling inline] [--seed N] [--only echo,frames]
//   dotnet run -c Release --project tests/RxSockets.Stress -- --cycles 1000000 --engine managed
using System.Globalization;
using RxSockets;
using RxSockets.Stress;

EngineKind engine = Enum.Parse<EngineKind>(Word("--engine", nameof(EngineKind.Auto)), ignoreCase: true);
var scheduling = Enum.Parse<CompletionScheduling>(Word("--scheduling", nameof(CompletionScheduling.ThreadPool)), ignoreCase: true);
int seed = int.Parse(Word("--seed", "1"), CultureInfo.InvariantCulture);
await using var site = new Site(engine, scheduling);
Console.WriteLine($"{site.Port.Engine}, {site.Port.Scheduling}, {Environment.ProcessorCount} processors, seed {seed}");

if (Word("--cycles", "") is { Length: > 0 } cycles)
    return await Cycles.RunAsync(site, int.Parse(cycles, CultureInfo.InvariantCulture)) ? 0 : 1;
var minutes = TimeSpan.FromMinutes(double.Parse(Word("--minutes", "2"), CultureInfo.InvariantCulture));
return await new Soak(site, seed, Word("--only", "")).RunAsync(minutes) ? 0 : 1;

string Word(string name, string otherwise) =>
    Array.IndexOf(args, name) is >= 0 and int at && at + 1 < args.Length ? args[at + 1] : otherwise;
