using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace RxSockets.Examples;

/// <summary>examples/Proxy, started and listening.</summary>
internal sealed class ProxyProcess : IAsyncDisposable
{
    private readonly ExampleProcess _process;

    private ProxyProcess(ExampleProcess process, IPEndPoint endPoint)
    {
        _process = process;
        EndPoint = endPoint;
    }

    public static TheoryData<EngineKind, string> All => new() { { EngineKind.IoUring, "pool" }, { EngineKind.IoUring, "inline" }, { EngineKind.Managed, "pool" } };

    public IPEndPoint EndPoint { get; }

    public static Task<ProxyProcess> StartAsync(EngineKind engine, string scheduling, Socket origin, params string[] more) =>
        StartAsync(engine, scheduling, $"{origin.LocalEndPoint}", more);

    public static async Task<ProxyProcess> StartAsync(EngineKind engine, string scheduling, string to, params string[] more)
    {
        SkipWithout(engine);
        ExampleProcess process = ExampleProcess.Start("Proxy", ["--to", to, "--engine", $"{engine}", "--scheduling", scheduling, .. more]);
        try
        {
            var proxy = new ProxyProcess(process, await process.ReadEndPointAsync());
            Assert.StartsWith($"engine {engine} ", await process.ReadLineAsync(), StringComparison.Ordinal);
            return proxy;
        }
        catch
        {
            await process.DisposeAsync();
            throw;
        }
    }

    public static void SkipWithout(EngineKind engine)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Stops it by a signal.");
        EngineProbe.SkipWithout(engine);
    }

    public Task<string> ReadLineAsync() => _process.ReadLineAsync();

    public Task<Socket> ConnectAsync() => Peer.ConnectAsync(EndPoint);

    /// <summary>A client and its connection at the origin.</summary>
    public async Task<(Socket Client, Socket Upstream)> OpenAsync(Socket origin)
    {
        Socket client = await ConnectAsync();
        return (client, await Peer.TakeAsync(origin));
    }

    /// <summary>Bytes of memory that are in use by the process (VmRSS).</summary>
    public async Task<long> CountResidentBytesAsync()
    {
        string line = (await File.ReadAllLinesAsync($"/proc/{_process.Id}/status")).Single(static line => line.StartsWith("VmRSS:", StringComparison.Ordinal));
        return 1024 * long.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture);
    }

    public Task TerminateAsync() => _process.TerminateAsync();

    /// <summary>SIGTERM, an end in order, and what it had to say.</summary>
    public async Task<string> StopAsync()
    {
        await TerminateAsync();
        return await EndAsync();
    }

    public async Task<string> EndAsync()
    {
        (int exitCode, string output, string errors) = await _process.EndAsync();
        Assert.True(exitCode == 0, $"{exitCode}: {errors}");
        Assert.EndsWith("stopped\n", output, StringComparison.Ordinal);
        return errors;
    }

    public ValueTask DisposeAsync() => _process.DisposeAsync();
}
