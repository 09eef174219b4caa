using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text.RegularExpressions;

namespace RxSockets.Examples;

/// <summary>The dashboard, over an echo server with real clients: both as programs, from outside.</summary>
public partial class WatchTests
{
    [Theory]
    [InlineData(EngineKind.IoUring, "iouring", "inline", "io_uring")]
    [InlineData(EngineKind.Managed, "managed", "pool", "managed")]
    public async Task It_shows_the_connections_and_bytes_of_another_process(EngineKind engine, string name, string scheduling, string shown)
    {
        EngineProbe.SkipWithout(engine);
        await using ExampleProcess echo = ExampleProcess.Start("Echo", ["--listen", "127.0.0.1:0", "--engine", name, "--scheduling", scheduling]);
        IPEndPoint endPoint = await echo.ReadEndPointAsync();
        using Socket staying = await ExchangeAsync(endPoint, 1000);
        (await ExchangeAsync(endPoint, 500)).Dispose();

        await using ExampleProcess watch = ExampleProcess.Start("Watch", ["--pid", $"{echo.Id}", "--once"]);
        (int exitCode, string output, string errors) = await watch.EndAsync();
        Assert.Equal((0, ""), (exitCode, errors));
        Assert.StartsWith($"port 1 {shown}: open 1, closing 0, opened 2, closed 1, dropped 0, received 1500 B (0 B/s), sent 1500 B (0 B/s), accept errors 0, pauses 0,", output, StringComparison.Ordinal);
        Assert.Single(output.Split('\n', StringSplitOptions.RemoveEmptyEntries));
    }

    [Fact]
    public async Task It_shows_rates_and_how_long_handlers_take_and_ends_with_what_it_watches()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Stops them by a signal.");
        EngineProbe.SkipWithout(EngineKind.IoUring);
        await using ExampleProcess echo = ExampleProcess.Start("Echo", ["--listen", "127.0.0.1:0", "--engine", "iouring", "--scheduling", "inline"]);
        IPEndPoint endPoint = await echo.ReadEndPointAsync();
        await using ExampleProcess watch = ExampleProcess.Start("Watch", ["--pid", $"{echo.Id}"]);
        using var talk = new CancellationTokenSource();
        Task talking = TalkAsync(endPoint, talk.Token);
        Match line;
        do
        {
            line = Line().Match(await watch.ReadLineAsync());
            Assert.True(line.Success);
        }
        while (Number(line, "received") == 0 || line.Groups["handlers"].Value == "-");
        Assert.Equal("1", line.Groups["open"].Value);
        Assert.EndsWith("s", line.Groups["handlers"].Value, StringComparison.Ordinal);

        await talk.CancelAsync();
        await talking;
        await echo.TerminateAsync();
        Assert.Equal(0, (await echo.EndAsync()).ExitCode);
        (int exitCode, _, string errors) = await watch.EndAsync();
        Assert.Equal((0, ""), (exitCode, errors));
    }

    [Fact]
    public async Task A_signal_stops_it_in_order_and_what_has_no_port_is_said_to_have_none()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Stops them by a signal.");
        await using ExampleProcess echo = ExampleProcess.Start("Echo", ["--listen", "127.0.0.1:0"]);
        await echo.ReadEndPointAsync();
        await using ExampleProcess watch = ExampleProcess.Start("Watch", ["--pid", $"{echo.Id}"]);
        await watch.ReadLineAsync();

        await using ExampleProcess other = ExampleProcess.Start("Watch", ["--pid", $"{watch.Id}", "--once"]);
        (int exitCode, _, string errors) = await other.EndAsync();
        Assert.Equal(1, exitCode);
        Assert.Contains("no port of RxSockets", errors, StringComparison.Ordinal);

        await watch.TerminateAsync();
        (exitCode, _, errors) = await watch.EndAsync();
        Assert.Equal((0, ""), (exitCode, errors));
    }

    [Fact]
    public async Task Without_a_process_it_names_those_that_can_be_watched()
    {
        await using ExampleProcess echo = ExampleProcess.Start("Echo", ["--listen", "127.0.0.1:0"]);
        await echo.ReadEndPointAsync();
        await using ExampleProcess watch = ExampleProcess.Start("Watch", []);
        (int exitCode, string output, string errors) = await watch.EndAsync();
        Assert.Equal((0, ""), (exitCode, errors));
        Assert.Contains($" {echo.Id} ", output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--pid", "x", "--pid is the number of a process, not 'x'.")]
    [InlineData("--interval", "0", "--interval is a number from 1 to 60, not '0'.")]
    [InlineData("--pid", "2147483647", "2147483647")]
    public async Task A_bad_argument_is_named_and_the_exit_code_is_1(string option, string value, string message)
    {
        await using ExampleProcess watch = ExampleProcess.Start("Watch", [option, value]);
        (int exitCode, _, string errors) = await watch.EndAsync();
        Assert.Equal(1, exitCode);
        Assert.Contains(message, errors, StringComparison.Ordinal);
    }

    private static double Number(Match line, string group) => double.Parse(line.Groups[group].Value, CultureInfo.InvariantCulture);

    private static async Task<Socket> ExchangeAsync(IPEndPoint endPoint, int bytes)
    {
        var socket = new Socket(endPoint.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(endPoint);
        await EchoAsync(socket, bytes);
        return socket;
    }

    private static async Task EchoAsync(Socket socket, int bytes)
    {
        await using var stream = new NetworkStream(socket);
        await stream.WriteAsync(new byte[bytes]);
        await stream.ReadExactlyAsync(new byte[bytes]);
    }

    private static async Task TalkAsync(IPEndPoint endPoint, CancellationToken token)
    {
        using Socket socket = await ExchangeAsync(endPoint, 1);
        while (!token.IsCancellationRequested)
            await EchoAsync(socket, 100);
    }

    [GeneratedRegex(@"^port 1 io_uring: open (?<open>\d+), .* received \d+ B \((?<received>\d+) B/s\), .* handlers p99 (?<handlers>.+)$")]
    private static partial Regex Line();
}
