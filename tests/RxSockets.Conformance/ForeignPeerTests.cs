using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text;
using RxSockets.Testing;

namespace RxSockets.Conformance;

/// <summary>Peers that nobody here wrote, and a server in a process of its own whose descriptors run out.</summary>
public class ForeignPeerTests
{
    public static TheoryData<EngineKind, CompletionScheduling> All => Engines.All;

    [Theory]
    [MemberData(nameof(All))]
    public async Task Nc_is_echoed(EngineKind engine, CompletionScheduling scheduling)
    {
        string nc = ForeignProgram.Find("nc");
        await using var port = new TestPort(engine, scheduling);
        await using RxListener listener = port.Listen();
        Task serving = TestPort.EchoAsync(listener);
        Assert.Equal("hello nc\n", await RunAsync(nc, $"-N 127.0.0.1 {PortOf(listener)}", "hello nc\n"));
        await listener.DisposeAsync();
        await serving.Within();
    }

    [Theory]
    [MemberData(nameof(All))]
    public async Task Socat_is_echoed_over_a_unix_socket(EngineKind engine, CompletionScheduling scheduling)
    {
        string socat = ForeignProgram.Find("socat");
        string path = Path.Combine(Path.GetTempPath(), $"rx{Guid.NewGuid():N}.sock");
        await using var port = new TestPort(engine, scheduling);
        await using RxListener listener = port.Listen(endPoint: new UnixDomainSocketEndPoint(path));
        Task serving = TestPort.EchoAsync(listener);
        Assert.Equal("hello socat\n", await RunAsync(socat, $"-t 10 - UNIX-CONNECT:{path}", "hello socat\n"));
        await listener.DisposeAsync();
        await serving.Within();
    }

    [Theory]
    [MemberData(nameof(All))]
    public async Task Curl_gets_an_answer(EngineKind engine, CompletionScheduling scheduling)
    {
        string curl = ForeignProgram.Find("curl");
        await using var port = new TestPort(engine, scheduling);
        await using RxListener listener = port.Listen(static options => options.FirstDataBytes = 1024);
        Task serving = listener.AcceptAllAsync().ForEachConnectionAsync(static async connection =>
        {
            Assert.StartsWith("GET /path HTTP/1.1\r\n", Encoding.ASCII.GetString(connection.FirstData.Span), StringComparison.Ordinal);
            await connection.SendAsync("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello"u8.ToArray());
            await connection.DisconnectAsync();
        });
        Assert.Equal("hello", await RunAsync(curl, $"-s --max-time 10 http://127.0.0.1:{PortOf(listener)}/path", ""));
        await listener.DisposeAsync();
        await serving.Within();
    }

    private static int PortOf(RxListener listener) => ((IPEndPoint)listener.LocalEndPoint).Port;

    private static Process Start(string program, string arguments) => Process.Start(new ProcessStartInfo(program, arguments)
    {
        RedirectStandardInput = true,
        RedirectStandardOutput = true,
    })!;

    private static async Task<string> RunAsync(string program, string arguments, string input)
    {
        using Process process = Start(program, arguments);
        try
        {
            await process.StandardInput.WriteAsync(input);
            process.StandardInput.Close();
            string output = await process.StandardOutput.ReadToEndAsync().Within();
            await process.WaitForExitAsync().Within();
            return output;
        }
        finally
        {
            if (!process.HasExited)
                process.Kill();
        }
    }
}
