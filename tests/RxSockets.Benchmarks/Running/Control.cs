using System.Text.Json;

namespace RxSockets.Benchmarks.Running;

/// <summary>The server's side of <see cref="ServerProcess"/>: answers the lines of the standard input, until its end.</summary>
internal static class Control
{
    public static void Answer(TextReader input, TextWriter output)
    {
        while (input.ReadLine() is { } line)
        {
            bool collect = line == "collect";
            if (collect)
            {
                GC.Collect();
                GC.WaitForPendingFinalizers();
                GC.Collect();
            }

            output.WriteLine(JsonSerializer.Serialize(new ServerMemory(GC.GetTotalAllocatedBytes(precise: true), GC.GetTotalMemory(forceFullCollection: false))));
            output.Flush();
        }
    }
}
