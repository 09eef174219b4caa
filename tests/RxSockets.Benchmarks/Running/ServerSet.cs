using RxSockets.Benchmarks.Candidates;
using RxSockets.Benchmarks.Servers;

namespace RxSockets.Benchmarks.Running;

/// <summary>The servers of one group of cases, started when they are first asked for: a server that rests costs nothing.</summary>
internal sealed class ServerSet(int? core) : IDisposable
{
    private readonly Dictionary<(string Candidate, Service Service, string? File), ServerProcess> _servers = [];

    public async Task<ServerProcess> GetAsync(Candidate candidate, Service service, string? file)
    {
        (string Name, Service Service, string? File) key = (candidate.Name, service, file);
        if (!_servers.TryGetValue(key, out ServerProcess? server))
            _servers[key] = server = await ServerProcess.StartAsync(candidate, service, file, core);
        return server;
    }

    public void Dispose()
    {
        foreach (ServerProcess server in _servers.Values)
            server.Dispose();
    }
}
