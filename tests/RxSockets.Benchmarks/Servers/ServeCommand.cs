using System.CommandLine;
using System.Net;
using System.Net.Sockets;
using RxSockets.Benchmarks.Candidates;
using RxSockets.Benchmarks.Running;

namespace RxSockets.Benchmarks.Servers;

/// <summary>Serves one case: for this program's own load generator, or for another.</summary>
internal static class ServeCommand
{
    public static Command Create()
    {
        var service = new Argument<Service>("service") { Description = "what to serve: echo, file, burst, stream, sink, accept, datagram" };
        var listen = new Option<IPEndPoint>("--listen")
        {
            Description = "HOST:PORT; port 0 takes a free one", DefaultValueFactory = static _ => new IPEndPoint(IPAddress.Loopback, 7000),
            CustomParser = static result =>
            {
                if (IPEndPoint.TryParse(result.Tokens[0].Value, out IPEndPoint? endPoint))
                    return endPoint;
                result.AddError($"'{result.Tokens[0].Value}' is not ADDRESS:PORT.");
                return null;
            },
        };
        var candidate = new Option<string>("--candidate") { Description = "which library serves", DefaultValueFactory = static _ => CandidateList.All[0].Name };
        var file = new Option<string?>("--file") { Description = "the file to send (service file)" };
        var controlled = new Option<bool>("--controlled") { Description = "answers lines of the standard input and ends with it", Hidden = true };
        var command = new Command("serve", "Serves one case, for an outside load generator.") { service, listen, candidate, file, controlled };
        command.SetAction((result, _) => ServeAsync(
            new ServeOptions(result.GetRequiredValue(service), result.GetRequiredValue(listen), result.GetValue(file)),
            result.GetRequiredValue(candidate), result.GetValue(controlled)));
        return command;
    }

    private static async Task<int> ServeAsync(ServeOptions options, string name, bool controlled)
    {
        using var signals = new StopSignals();
        try
        {
            Candidate candidate = CandidateList.Named(name);
            if (candidate.WhyNot is { } reason)
                throw new PlatformNotSupportedException($"{name} cannot run here: {reason}");
            if (!candidate.Serves(options.Service))
                throw new ArgumentException($"{name} does not serve {options.Service}.");
            if (options.Service == Service.File)
                _ = File.OpenRead(options.Path).DisposeAsync();
            if (candidate is not ManagedCandidate managed)
            {
                using var process = new ChildProcess(candidate.Command(options), core: null);
                Console.WriteLine(await process.ReadAsync());
                await signals.WaitAsync();
                return 0;
            }

            // Read when the first socket is made: early enough here, also where nobody set it outside.
            foreach ((string variable, string value) in managed.Environment)
                Environment.SetEnvironmentVariable(variable, value);
            await using IServer server = await managed.StartAsync(options);
            Console.WriteLine($"listening on {server.EndPoint}");
            if (controlled)
                Control.Answer(Console.In, Console.Out);
            else
                await signals.WaitAsync();
            return 0;
        }
        catch (Exception error) when (error is SocketException or ArgumentException or PlatformNotSupportedException or IOException or BenchmarkException)
        {
            Console.Error.WriteLine($"serve: {error.Message}");
            return 1;
        }
    }
}
