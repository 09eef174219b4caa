using System.Net;
using System.Net.Sockets;
using RxSockets.Testing;

namespace RxSockets.Examples;

/// <summary>The echo server, driven from outside.</summary>
public class EchoTests
{
    [Theory]
    [InlineData(EngineKind.IoUring, "iouring", "inline", 1)]
    [InlineData(EngineKind.IoUring, "iouring", "pool", 3)]
    [InlineData(EngineKind.Managed, "managed", "pool", 1)]
    public async Task It_says_where_it_listens_echoes_and_stops_in_order(EngineKind engine, string name, string scheduling, int loops)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Stops it by a signal.");
        EngineProbe.SkipWithout(engine);
        await using ExampleProcess echo = ExampleProcess.Start("Echo", ["--listen", "127.0.0.1:0", "--engine", name, "--scheduling", scheduling, "--loops", $"{loops}"]);
        IPEndPoint endPoint = await echo.ReadEndPointAsync();
        Assert.NotEqual(0, endPoint.Port);
        Assert.StartsWith($"engine {engine} ", await echo.ReadLineAsync(), StringComparison.Ordinal);
        await Task.WhenAll(Enumerable.Range(0, 10).Select(_ => ExchangeAsync(endPoint, 100)));

        // A client that is still connected does not keep it from stopping.
        using Socket idle = await ConnectAsync(endPoint);
        await echo.TerminateAsync();
        (int exitCode, string output, string errors) = await echo.EndAsync();
        Assert.Equal((0, ""), (exitCode, errors));
        Assert.Contains("stopped", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_ring_does_the_work()
    {
        EngineProbe.SkipWithout(EngineKind.IoUring);
        string strace = ForeignProgram.Find("strace");
        string report = Path.GetTempFileName();
        try
        {
            await using ExampleProcess echo = ExampleProcess.Start(
                "Echo", ["--listen", "127.0.0.1:0", "--engine", "iouring"], strace, "-f", "-c", "-o", report);
            IPEndPoint endPoint = await echo.ReadEndPointAsync();
            await Task.WhenAll(Enumerable.Range(0, 10).Select(_ => ExchangeAsync(endPoint, 100)));
            await echo.TerminateAsync(child: true);
            Assert.Equal(0, (await echo.EndAsync()).ExitCode);
            string[] calls = [.. (await File.ReadAllLinesAsync(report)).Select(static line => line.Split(' ')[^1])];
            Assert.Contains("io_uring_enter", calls);
            Assert.DoesNotContain("accept4", calls);
            Assert.DoesNotContain("accept", calls);
            Assert.DoesNotContain("recvfrom", calls);
            Assert.DoesNotContain("recvmsg", calls);
            Assert.DoesNotContain("epoll_wait", calls);
            Assert.DoesNotContain("epoll_pwait", calls);
        }
        finally
        {
            File.Delete(report);
        }
    }

    [Theory]
    [InlineData(EngineKind.IoUring)]
    [InlineData(EngineKind.Managed)]
    public async Task It_serves_a_file_on_the_next_port_but_one(EngineKind engine)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Stops it by a signal.");
        EngineProbe.SkipWithout(engine);
        string path = Path.GetTempFileName();
        try
        {
            byte[] content = new byte[1_000_000];
            Random.Shared.NextBytes(content);
            await File.WriteAllBytesAsync(path, content);
            await using ExampleProcess echo = ExampleProcess.Start("Echo", ["--listen", "127.0.0.1:0", "--engine", engine.ToString().ToLowerInvariant(), "--file", path]);
            IPEndPoint endPoint = await echo.ReadEndPointAsync();
            endPoint.Port += 2;
            Assert.Equal($"file on {endPoint}", await echo.ReadLineAsync());
            using Socket socket = await ConnectAsync(endPoint);
            await using var stream = new NetworkStream(socket);
            using var received = new MemoryStream();
            await stream.CopyToAsync(received);
            byte[] expected = [.. new byte[1024], .. content, .. new byte[1024]];
            Assert.True(expected.AsSpan().SequenceEqual(received.ToArray()), $"{received.Length} bytes, or others");
            await echo.TerminateAsync();
            Assert.Equal(0, (await echo.EndAsync()).ExitCode);
        }
        finally
        {
            File.Delete(path);
        }
    }

    [Theory]
    [InlineData("nowhere:80", "'nowhere' is not an address")]
    [InlineData("127.0.0.1:65536", "is not HOST:PORT with a port from 0 to 65535")]
    [InlineData("127.0.0.1", "is not HOST:PORT")]
    public async Task A_bad_address_is_named(string address, string message) => await RefusesAsync(["--listen", address], message);

    [Fact]
    public async Task A_path_too_long_for_a_Unix_socket_is_named_with_the_limit() =>
        await RefusesAsync(["--listen", "unix:/tmp/" + new string('x', 200)], "108");

    [Theory]
    [InlineData("0")]
    [InlineData("65")]
    public async Task Loops_out_of_range_are_named_with_the_limits(string loops) =>
        await RefusesAsync(["--listen", "127.0.0.1:0", "--loops", loops], $"--loops is a number from 1 to 64, not '{loops}'.");

    [Theory]
    [InlineData("iouring", EngineKind.IoUring)]
    [InlineData("managed", EngineKind.Managed)]
    public async Task A_port_in_use_is_a_clear_error(string name, EngineKind engine)
    {
        EngineProbe.SkipWithout(engine);
        using var taken = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        taken.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        taken.Listen(1);
        await RefusesAsync(["--listen", $"{taken.LocalEndPoint}", "--engine", name], "in use");
    }

    private static async Task RefusesAsync(string[] arguments, string message)
    {
        await using ExampleProcess echo = ExampleProcess.Start("Echo", arguments);
        (int exitCode, _, string errors) = await echo.EndAsync();
        Assert.Equal(1, exitCode);
        Assert.Contains(message, errors, StringComparison.Ordinal);
    }

    private static async Task<Socket> ConnectAsync(IPEndPoint endPoint)
    {
        var socket = new Socket(endPoint.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(endPoint);
        return socket;
    }

    private static async Task ExchangeAsync(IPEndPoint endPoint, int times)
    {
        using Socket socket = await ConnectAsync(endPoint);
        await using var stream = new NetworkStream(socket);
        byte[] sent = new byte[64];
        byte[] received = new byte[64];
        for (int i = 0; i < times; i++)
        {
            Random.Shared.NextBytes(sent);
            await stream.WriteAsync(sent);
            await stream.ReadExactlyAsync(received);
            Assert.Equal(sent, received);
        }
    }
}
