using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace RxSockets.Examples;

/// <summary>The file server, driven by curl and by bytes that no client would send.</summary>
public sealed class FileServerTests : IDisposable
{
    private static readonly TimeSpan s_limit = TimeSpan.FromSeconds(40);

    private readonly string _root = Directory.CreateTempSubdirectory("rxfiles").FullName;
    private readonly byte[] _data = new byte[3_000_000];

    public FileServerTests()
    {
        new Random(4).NextBytes(_data);
        File.WriteAllBytes(Path.Combine(_root, "data.bin"), _data);
        File.WriteAllText(Path.Combine(_root, "index.html"), "<p>hello</p>");
        File.WriteAllText(Path.Combine(_root, "empty.txt"), "");
        File.WriteAllText(Path.Combine(_root, "süß 100%.txt"), "sweet");
        Directory.CreateDirectory(Path.Combine(_root, "folder"));
    }

    public static TheoryData<EngineKind, string> All => new() { { EngineKind.IoUring, "pool" }, { EngineKind.IoUring, "inline" }, { EngineKind.Managed, "pool" } };

    public void Dispose() => Directory.Delete(_root, recursive: true);

    [Theory]
    [MemberData(nameof(All))]
    public async Task Curl_gets_files_ranges_and_not_modified(EngineKind engine, string scheduling)
    {
        await using ExampleProcess server = Start(engine, scheduling);
        string url = $"http://{await server.ReadEndPointAsync()}";
        (string head, byte[] body) = await CurlAsync($"{url}/data.bin");
        Assert.StartsWith("HTTP/1.1 200 OK\r\n", head, StringComparison.Ordinal);
        Assert.Contains("Content-Length: 3000000\r\n", head, StringComparison.Ordinal);
        Assert.True(body.AsSpan().SequenceEqual(_data), "other bytes");
        string etag = Field(head, "ETag");

        (head, body) = await CurlAsync($"{url}/data.bin", "-I");
        Assert.Contains("Content-Length: 3000000\r\n", head, StringComparison.Ordinal);
        Assert.Empty(body);

        (head, body) = await CurlAsync($"{url}/data.bin", "-H", $"If-None-Match: \"x\", {etag}");
        Assert.StartsWith("HTTP/1.1 304 ", head, StringComparison.Ordinal);
        Assert.Empty(body);
        (head, _) = await CurlAsync($"{url}/data.bin", "-H", "If-None-Match: \"other\"");
        Assert.StartsWith("HTTP/1.1 200 ", head, StringComparison.Ordinal);

        foreach ((string range, int from, int to) in new[] { ("0-0", 0, 1), ("10-99999", 10, 100_000), ("2999990-", 2_999_990, 3_000_000), ("-5", 2_999_995, 3_000_000), ("-4000000", 0, 3_000_000), ("1-9999999", 1, 3_000_000) })
        {
            (head, body) = await CurlAsync($"{url}/data.bin", "-r", range);
            Assert.StartsWith("HTTP/1.1 206 ", head, StringComparison.Ordinal);
            Assert.Equal($"bytes {from}-{to - 1}/3000000", Field(head, "Content-Range"));
            Assert.True(body.AsSpan().SequenceEqual(_data.AsSpan(from..to)), $"other bytes for {range}");
        }

        (head, body) = await CurlAsync($"{url}/data.bin", "-r", "3000000-");
        Assert.StartsWith("HTTP/1.1 416 ", head, StringComparison.Ordinal);
        Assert.Equal("bytes */3000000", Field(head, "Content-Range"));
        (head, body) = await CurlAsync($"{url}/data.bin", "-r", "0-1", "-H", "If-Range: \"other\"");
        Assert.StartsWith("HTTP/1.1 200 ", head, StringComparison.Ordinal);
        Assert.Equal(_data.Length, body.Length);

        (_, body) = await CurlAsync($"{url}/");
        Assert.Equal("<p>hello</p>", Encoding.UTF8.GetString(body));
        (_, body) = await CurlAsync($"{url}/s%C3%BC%C3%9F%20100%25.txt?query=1");
        Assert.Equal("sweet", Encoding.UTF8.GetString(body));
        (head, body) = await CurlAsync($"{url}/empty.txt");
        Assert.Contains("Content-Length: 0\r\n", head, StringComparison.Ordinal);
        Assert.Empty(body);
        await StopAsync(server);
    }

    [Fact]
    public async Task One_connection_carries_many_requests()
    {
        await using ExampleProcess server = Start(EngineKind.Managed, "pool");
        string url = $"http://{await server.ReadEndPointAsync()}";
        // curl tells how many connections each transfer made: one, and then none.
        (int code, string output) = await RunAsync(
            "curl", "-s", "-o", "/dev/null", "-o", "/dev/null", "-o", "/dev/null", "-w", "%{num_connects} ", $"{url}/data.bin", $"{url}/", $"{url}/missing");
        Assert.Equal((0, "1 0 0 "), (code, output));
        (code, output) = await RunAsync(
            "curl", "-s", "--http1.0", "-o", "/dev/null", "-o", "/dev/null", "-w", "%{num_connects} ", $"{url}/", $"{url}/");
        Assert.Equal((0, "1 1 "), (code, output));
        await StopAsync(server);
    }

    [Theory]
    [InlineData("GET /missing HTTP/1.1\r\nHost: x\r\n\r\n", 404)]
    [InlineData("GET /folder HTTP/1.1\r\nHost: x\r\n\r\n", 404)]
    [InlineData("GET /../secret HTTP/1.1\r\nHost: x\r\n\r\n", 403)]
    [InlineData("GET /folder/../../secret HTTP/1.1\r\nHost: x\r\n\r\n", 403)]
    [InlineData("GET /%2e%2e/secret HTTP/1.1\r\nHost: x\r\n\r\n", 403)]
    [InlineData("GET /folder%2f..%2f..%2fsecret HTTP/1.1\r\nHost: x\r\n\r\n", 403)]
    [InlineData("GET /..%5csecret HTTP/1.1\r\nHost: x\r\n\r\n", 400)]
    [InlineData("GET /%00 HTTP/1.1\r\nHost: x\r\n\r\n", 400)]
    [InlineData("GET /%ff HTTP/1.1\r\nHost: x\r\n\r\n", 400)]
    [InlineData("GET /%2 HTTP/1.1\r\nHost: x\r\n\r\n", 400)]
    [InlineData("GET /%zz HTTP/1.1\r\nHost: x\r\n\r\n", 400)]
    [InlineData("GET data.bin HTTP/1.1\r\nHost: x\r\n\r\n", 400)]
    [InlineData("GET / HTTP/1.1\r\n\r\n", 400)]
    [InlineData("GET / HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n", 400)]
    [InlineData("GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\n", 400)]
    [InlineData("GET / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n", 400)]
    [InlineData("GET / HTTP/1.1\r\nHost : x\r\n\r\n", 400)]
    [InlineData("GET / HTTP/1.1\r\nHost: x\r\n folded\r\n\r\n", 400)]
    [InlineData("GET / HTTP/1.1\r\nHost: x\r\nA: b\nTransfer-Encoding: chunked\r\n\r\n", 400)]
    [InlineData("GET / HTTP/1.1\r\nHost: x\rTransfer-Encoding: chunked\r\n\r\n", 400)]
    [InlineData("GET / HTTP/1.1\r\nHost: x\0y\r\n\r\n", 400)]
    [InlineData("GET /a\nHost: HTTP/1.1\r\nHost: x\r\n\r\n", 400)]
    [InlineData("nonsense\r\n\r\n", 400)]
    [InlineData("GET / HTTP/2.0\r\nHost: x\r\n\r\n", 505)]
    [InlineData("POST / HTTP/1.1\r\nHost: x\r\n\r\n", 405)]
    public async Task Bad_requests_get_their_status(string request, int status)
    {
        await using ExampleProcess server = Start(EngineKind.Managed, "pool");
        IPEndPoint endPoint = await server.ReadEndPointAsync();
        string answer = await ExchangeAsync(endPoint, request);
        Assert.StartsWith($"HTTP/1.1 {status} ", answer, StringComparison.Ordinal);
        await StopAsync(server);
    }

    [Fact]
    public async Task A_request_without_end_is_refused_at_the_limit_and_an_empty_line_before_one_is_not()
    {
        await using ExampleProcess server = Start(EngineKind.Managed, "pool");
        IPEndPoint endPoint = await server.ReadEndPointAsync();
        string answer = await ExchangeAsync(endPoint, "GET / HTTP/1.1\r\nHost: x\r\nCookie: " + new string('x', 10_000));
        Assert.StartsWith("HTTP/1.1 431 ", answer, StringComparison.Ordinal);
        // Two in one packet are answered in order.
        answer = await ExchangeAsync(endPoint, "\r\nGET /empty.txt HTTP/1.1\r\nHost: x\r\n\r\nGET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
        Assert.Equal(2, answer.Split("HTTP/1.1 200 OK").Length - 1);
        Assert.EndsWith("<p>hello</p>", answer, StringComparison.Ordinal);
        await StopAsync(server);
    }

    [Theory]
    [InlineData(EngineKind.IoUring)]
    [InlineData(EngineKind.Managed)]
    public async Task Silent_and_idle_clients_are_dropped(EngineKind engine)
    {
        await using ExampleProcess server = Start(engine, "pool", "--silent", "1", "--idle", "2");
        IPEndPoint endPoint = await server.ReadEndPointAsync();
        using Socket silent = await ConnectAsync(endPoint);
        using Socket idle = await ConnectAsync(endPoint);
        await idle.SendAsync(Encoding.ASCII.GetBytes("GET /empty.txt HTTP/1.1\r\nHost: x\r\n\r\n"));
        Assert.NotEqual(0, await idle.ReceiveAsync(new byte[4096]).WaitAsync(s_limit));
        await Assert.ThrowsAsync<SocketException>(() => silent.ReceiveAsync(new byte[1]).WaitAsync(s_limit));
        await Assert.ThrowsAsync<SocketException>(() => idle.ReceiveAsync(new byte[1]).WaitAsync(s_limit));
        await StopAsync(server);
    }

    [Fact]
    public async Task A_root_that_is_none_is_named()
    {
        await using ExampleProcess server = ExampleProcess.Start("FileServer", ["--root", "/nonexistent"]);
        (int exitCode, _, string errors) = await server.EndAsync();
        Assert.Equal(1, exitCode);
        Assert.Contains("'/nonexistent' is not a folder", errors, StringComparison.Ordinal);
    }

    private ExampleProcess Start(EngineKind engine, string scheduling, params string[] more)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Stops it by a signal.");
        EngineProbe.SkipWithout(engine);
        return ExampleProcess.Start(
            "FileServer", ["--root", _root, "--listen", "127.0.0.1:0", "--engine", engine.ToString().ToLowerInvariant(), "--scheduling", scheduling, .. more]);
    }

    private static async Task StopAsync(ExampleProcess server)
    {
        await server.TerminateAsync();
        (int exitCode, string output, string errors) = await server.EndAsync();
        Assert.Equal((0, ""), (exitCode, errors));
        Assert.Contains("stopped", output, StringComparison.Ordinal);
    }

    private static string Field(string head, string name) =>
        head.Split("\r\n").First(line => line.StartsWith(name + ": ", StringComparison.Ordinal))[(name.Length + 2)..];

    private async Task<(string Head, byte[] Body)> CurlAsync(string url, params string[] options)
    {
        string head = Path.Combine(_root, "curl.head"), body = Path.Combine(_root, "curl.body");
        File.Delete(body);
        (int code, string output) = await RunAsync("curl", ["-s", "-S", "-D", head, "-o", body, .. options, url]);
        Assert.True(code == 0, output);
        // With -I curl writes the head as the body, too.
        byte[] bytes = File.Exists(body) && !options.Contains("-I") ? await File.ReadAllBytesAsync(body) : [];
        return (await File.ReadAllTextAsync(head), bytes);
    }

    private static async Task<(int Code, string Output)> RunAsync(string program, params string[] arguments)
    {
        Process process;
        try
        {
            process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true })!;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            Assert.Skip($"{program} is not on this machine.");
            throw;
        }

        using (process)
        {
            string output = await process.StandardOutput.ReadToEndAsync().WaitAsync(s_limit);
            await process.WaitForExitAsync().WaitAsync(s_limit);
            return (process.ExitCode, output);
        }
    }

    private static async Task<Socket> ConnectAsync(IPEndPoint endPoint)
    {
        var socket = new Socket(endPoint.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(endPoint).WaitAsync(s_limit);
        return socket;
    }

    // Until the server closes; a request that leaves the connection open ends with this side's FIN.
    private static async Task<string> ExchangeAsync(IPEndPoint endPoint, string request)
    {
        using Socket socket = await ConnectAsync(endPoint);
        await using var stream = new NetworkStream(socket);
        await socket.SendAsync(Encoding.Latin1.GetBytes(request)).WaitAsync(s_limit);
        socket.Shutdown(SocketShutdown.Send);
        using var reader = new StreamReader(stream, Encoding.Latin1);
        return await reader.ReadToEndAsync().WaitAsync(s_limit);
    }
}
