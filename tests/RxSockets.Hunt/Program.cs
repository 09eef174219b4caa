// Hunts for races in the library's state machines: each seed is a world of its own on a simulated network, with faults. See docs/reliability.md.
//
//   dotnet run -c Release --project tests/RxSockets.Hunt -- --seeds 200
//   dotnet run -c Release --project tests/RxSockets.Hunt -- --seed 1234 --trace
using System.Globalization;
using RxSockets.Hunt;
using RxSockets.Testing;

int first = Number("--first", 1);
int count = Number("--seeds", 200);
PlantedBug bug = Array.IndexOf(args, "--bug") is >= 0 and int at ? Enum.Parse<PlantedBug>(args[at + 1], ignoreCase: true) : PlantedBug.None;
bool one = Array.IndexOf(args, "--seed") >= 0;
if (one)
    (first, count) = (Number("--seed", 1), 1);
bool trace = Array.IndexOf(args, "--trace") >= 0;

int unobserved = 0;
TaskScheduler.UnobservedTaskException += (_, failure) =>
{
    Interlocked.Increment(ref unobserved);
    Console.WriteLine(failure.Exception);
};
long started = TimeProvider.System.GetTimestamp();
int failures = 0;
long steps = 0;
object told = new();
Parallel.For(first, first + count, new ParallelOptions { MaxDegreeOfParallelism = one ? 1 : Environment.ProcessorCount }, seed =>
{
    var world = new World(seed, bug, trace ? 100_000 : 0);
    try
    {
        world.Run();
    }
    catch (Exception error)
    {
        Interlocked.Increment(ref failures);
        lock (told)
        {
            Console.WriteLine($"seed {seed} failed after {world.Network.Elapsed.TotalSeconds:0.000} s: {(one ? error : error.Message)}");
            Console.WriteLine($"  replay: dotnet run -c Release --project tests/RxSockets.Hunt -- --seed {seed} --trace{(bug == PlantedBug.None ? "" : $" --bug {bug}")}");
        }
    }

    if (one)
        Console.WriteLine(string.Join('\n', world.Describe()));
    if (trace)
        Console.WriteLine(world.Network.Trace);
    if (world.Network.StepsOnOtherThreads > 0)
        Console.WriteLine($"seed {seed}: {world.Network.StepsOnOtherThreads} steps on other threads");
    Interlocked.Add(ref steps, world.Network.Trace.Count);
    if (one)
        Console.WriteLine($"trace of {world.Network.Trace.Count} entries, hash {world.Network.Trace.Hash:x16}");
});

GC.Collect();
GC.WaitForPendingFinalizers();
TimeSpan took = TimeProvider.System.GetElapsedTime(started);
Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
    $"{count} seeds from {first}: {failures} failed, {unobserved} exceptions unobserved, {steps} events, {took.TotalSeconds:0.0} s, {Environment.WorkingSet >> 20} MiB"));
return failures + unobserved == 0 ? 0 : 1;

int Number(string name, int otherwise) =>
    Array.IndexOf(args, name) is >= 0 and int index && index + 1 < args.Length ? int.Parse(args[index + 1], CultureInfo.InvariantCulture) : otherwise;
