using System.Net;
using System.Text.Json;
using RxSockets.Benchmarks.Candidates;
using RxSockets.Benchmarks.Servers;

namespace RxSockets.Benchmarks.Running;

/// <summary>A server under test.</summary>
internal sealed class ServerProcess : IDisposable
{
    private const string Listening = "listening on ";

    private readonly Candidate _candidate;
    private readonly ChildProcess _process;

    private ServerProcess(Candidate candidate, ChildProcess process) => (_candidate, _process) = (candidate, process);

    public int Id => _process.Id;

    public int Port { get; private set; }

    public bool HasExited => _process.HasExited;

    public static async Task<ServerProcess> StartAsync(Candidate candidate, Service service, string? file, int? core)
    {
        var options = new ServeOptions(service, new IPEndPoint(IPAddress.Loopback, 0), service == Service.File ? file : null);
        var server = new ServerProcess(candidate, new ChildProcess(candidate.Command(options), core));
        try
        {
            string line = await server._process.ReadAsync();
            if (!line.StartsWith(Listening, StringComparison.Ordinal))
                throw new BenchmarkException($"says '{line}' and not where it listens.");
            server.Port = IPEndPoint.Parse(line[Listening.Length..]).Port;
            return server;
        }
        catch
        {
            server.Dispose();
            throw;
        }
    }

    /// <summary>Null for a candidate without a managed heap.</summary>
    public async Task<ServerMemory?> MemoryAsync(bool collect = false)
    {
        if (!_candidate.TellsMemory)
            return null;
        _process.Write(collect ? "collect" : "memory");
        return JsonSerializer.Deserialize<ServerMemory>(await _process.ReadAsync());
    }

    public void Dispose() => _process.Dispose();
}
