// What a fuzzer feeds: each target takes any bytes, and throws where the code under test broke a promise. See docs/reliability.md.
//
//   tests/fuzz --seconds 60                                                        all targets, by libFuzzer
//   dotnet run -c Release --project tests/RxSockets.Fuzz -- list
//   dotnet run -c Release --project tests/RxSockets.Fuzz -- replay TARGET FILE...
using RxSockets.Fuzz;
using SharpFuzz;

switch (args)
{
    case ["list"]:
        foreach (string name in TargetList.All.Keys)
            Console.WriteLine(name);
        return 0;

    // Started by native/driver.c, with the memory and the pipes that SharpFuzz looks for; of use with instrumented assemblies only.
    case ["libfuzzer", var name] when TargetList.All.TryGetValue(name, out FuzzTarget? target):
        try
        {
            Fuzzer.LibFuzzer.Run(data => Bounded.Run(target, data));
            // A finding, which the driver was told of.
            return 1;
        }
        catch (EndOfStreamException)
        {
            // The driver has gone: its time is over.
            return 0;
        }

    case ["replay", var name, .. var files] when TargetList.All.TryGetValue(name, out FuzzTarget? target) && files.Length > 0:
        return files.Count(file => !Replay(target, file)) == 0 ? 0 : 1;

    default:
        Console.Error.WriteLine($"list, replay TARGET FILE... or libfuzzer TARGET, of {string.Join(", ", TargetList.All.Keys)}");
        return 2;
}

static bool Replay(FuzzTarget target, string file)
{
    byte[] data = File.ReadAllBytes(file);
    try
    {
        Bounded.Run(target, data);
        Console.WriteLine($"{file}: {data.Length} bytes, holds");
        return true;
    }
    catch (Exception error)
    {
        Console.WriteLine($"{file}: {data.Length} bytes, {error}");
        return false;
    }
}
