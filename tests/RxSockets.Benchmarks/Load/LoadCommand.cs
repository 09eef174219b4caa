using System.CommandLine;
using System.Net.Sockets;
using System.Text.Json;

namespace RxSockets.Benchmarks.Load;

/// <summary>
/// The load generator's process. A line of JSON on the standard input is a plan; the answers are lines as well: <c>warm</c>, then after the word
/// <c>measure</c> the result, and after <c>end</c>, when its connections are closed, <c>ended</c>. The end of the input ends it.
/// </summary>
internal static class LoadCommand
{
    public static Command Create()
    {
        var command = new Command("load", "The load generator; started by the program itself.") { Hidden = true };
        command.SetAction(static _ => Run());
        return command;
    }

    private static int Run()
    {
        var input = new LineReader(Console.In);
        while (input.Next() is { } line)
        {
            LoadPlan plan = JsonSerializer.Deserialize<LoadPlan>(line) ?? throw new InvalidOperationException("An empty plan.");
            try
            {
                using var generator = new LoadGenerator(plan);
                generator.Warm();
                Console.WriteLine("warm");
                generator.RunUntil(() => input.HasNext);
                if (input.Next() is null)
                    return 0;
                Console.WriteLine(JsonSerializer.Serialize(generator.Measure()));
                if (input.Next() is null)
                    return 0;
            }
            catch (Exception error) when (error is SocketException or InvalidOperationException)
            {
                Console.Error.WriteLine($"{plan}: {error.Message}");
                return 1;
            }

            Console.WriteLine("ended");
        }

        return 0;
    }
}
