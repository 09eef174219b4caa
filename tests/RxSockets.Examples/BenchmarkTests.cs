using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text.RegularExpressions;
using System.Xml.Linq;
using RxSockets.Testing;

namespace RxSockets.Examples;

/// <summary>The benchmark program, from outside. What it measures here says nothing: that it measures is what is tested.</summary>
public class BenchmarkTests
{
    private const string Program = "RxSockets.Benchmarks";

    // Two servers, a thousand connections at a time: seconds, unless the machine is busy.
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(140);

    [Fact]
    [TestDeadline(160)]
    public async Task A_run_writes_tables_rounds_and_plots()
    {
        DirectoryInfo folder = Directory.CreateTempSubdirectory("rx-bench");
        try
        {
            await using ExampleProcess run = ExampleProcess.Start(
                Program, ["echo", "--quick", "--rounds", "2", "--seconds", "0.02", "--settle", "0", "--candidates", "sns,rx-managed-inline", "--out", folder.FullName]);
            (int exitCode, string output, string errors) = await run.EndAsync(s_patience);
            Assert.True(exitCode == 0, errors + output);

            string page = await File.ReadAllTextAsync(Path.Combine(folder.FullName, "echo.md"));
            Assert.Contains("Commit ", page, StringComparison.Ordinal);
            Assert.Contains(Environment.Version.ToString(), page, StringComparison.Ordinal);
            string[] tables = page.Split("## ")[1..];
            Assert.Equal(4, tables.Length);
            Assert.All(tables, static table =>
            {
                Assert.Contains("CPU us per echo | to sns |", table, StringComparison.Ordinal);
                Assert.Matches(new Regex(@"^\| sns \| [\d.,]+ \| 1\.00 \[1\.00-1\.00\] \|.* 0 \|$", RegexOptions.Multiline), table);
                Assert.Matches(new Regex(@"^\| rx-managed-inline \| [\d.,]+ \| [\d.]+ \[[\d.]+-[\d.]+\] \|.* 0 \|$", RegexOptions.Multiline), table);
                Assert.DoesNotContain("Left out", table, StringComparison.Ordinal);
            });
            Assert.Contains(tables[3].Trim(), output, StringComparison.Ordinal);

            string[] rounds = await File.ReadAllLinesAsync(Path.Combine(folder.FullName, "echo.csv"));
            Assert.StartsWith("case,connections,candidate,variant,round,cost,", rounds[0], StringComparison.Ordinal);
            Assert.Equal(4 * 2 * 2, rounds.Length - 1);
            int cost = Array.IndexOf(rounds[0].Split(','), "cost");
            // The title is quoted: it has commas of its own.
            Assert.All(rounds[1..], round => Assert.InRange(double.Parse(round[(round.LastIndexOf('"') + 2)..].Split(',')[cost - 1], CultureInfo.InvariantCulture), 0.1, 1e6));

            byte[] png = await File.ReadAllBytesAsync(Path.Combine(folder.FullName, "echo.png"));
            Assert.Equal([0x89, 0x50, 0x4E, 0x47], png[..4]);
            XDocument svg = XDocument.Load(Path.Combine(folder.FullName, "echo.svg"));
            Assert.Contains("rx-managed-inline", svg.Root!.Value, StringComparison.Ordinal);
            Assert.Contains("server CPU per echo, ratio to sns", svg.Root.Value, StringComparison.Ordinal);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    [Fact]
    public async Task Who_cannot_serve_a_case_is_left_out_by_name()
    {
        DirectoryInfo folder = Directory.CreateTempSubdirectory("rx-bench");
        try
        {
            await using ExampleProcess run = ExampleProcess.Start(
                Program, ["datagram", "--rounds", "1", "--seconds", "0.02", "--settle", "0", "--candidates", "dotnetty,rx-managed-pool", "--out", folder.FullName]);
            (int exitCode, string output, string errors) = await run.EndAsync();
            Assert.True(exitCode == 0, errors + output);
            Assert.Contains("| rx-managed-pool |", output, StringComparison.Ordinal);
            Assert.Contains("Left out: dotnetty (", output, StringComparison.Ordinal);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    [Theory]
    [InlineData("rx-managed-inline")]
    [InlineData("rx-managed-pool")]
    [InlineData("sns")]
    [InlineData("sns-inline")]
    [InlineData("kestrel-transport")]
    [InlineData("pipelines-unofficial")]
    [InlineData("dotnetty")]
    public async Task A_case_is_served_to_an_outside_load_generator(string candidate)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Stops it by a signal.");
        await using ExampleProcess server = ExampleProcess.Start(Program, ["serve", "echo", "--listen", "127.0.0.1:0", "--candidate", candidate]);
        IPEndPoint endPoint = await server.ReadEndPointAsync();
        byte[] sent = new byte[5000];
        Random.Shared.NextBytes(sent);
        Assert.Equal(sent, await ExchangeAsync(endPoint, sent));
        await server.TerminateAsync();
        (int exitCode, _, string errors) = await server.EndAsync();
        Assert.True(exitCode == 0, errors);
    }

    [Theory]
    [InlineData("rx-managed-pool")]
    [InlineData("sns")]
    [InlineData("kestrel-transport")]
    [InlineData("pipelines-unofficial")]
    public async Task A_file_is_served_between_two_edges(string candidate)
    {
        string path = Path.GetTempFileName();
        try
        {
            byte[] content = new byte[300_000];
            Random.Shared.NextBytes(content);
            await File.WriteAllBytesAsync(path, content);
            await using ExampleProcess server = ExampleProcess.Start(Program, ["serve", "file", "--listen", "127.0.0.1:0", "--candidate", candidate, "--file", path]);
            byte[] received = await ExchangeAsync(await server.ReadEndPointAsync(), []);
            byte[] expected = [.. new byte[1024], .. content, .. new byte[1024]];
            Assert.True(expected.AsSpan().SequenceEqual(received), $"{received.Length} bytes, or others");
        }
        finally
        {
            File.Delete(path);
        }
    }

    [Theory]
    [InlineData("'nobody' is not a candidate here; there are rx-", "echo", "--candidates", "sns,nobody")]
    [InlineData("--rounds is a number from 1 to 1000.", "echo", "--rounds", "0")]
    [InlineData("--seconds is a number from 0.005 to 60.", "all", "--seconds", "0")]
    [InlineData("'nowhere' is not ADDRESS:PORT.", "serve", "echo", "--listen", "nowhere")]
    [InlineData("'nobody' is not a candidate here", "serve", "echo", "--candidate", "nobody")]
    [InlineData("The file service needs --file PATH.", "serve", "file", "--candidate", "sns")]
    [InlineData("dotnetty does not serve File.", "serve", "file", "--candidate", "dotnetty")]
    public async Task Bad_arguments_are_named(string message, params string[] arguments)
    {
        await using ExampleProcess program = ExampleProcess.Start(Program, arguments);
        (int exitCode, _, string errors) = await program.EndAsync();
        Assert.Equal(1, exitCode);
        Assert.Contains(message, errors, StringComparison.Ordinal);
    }

    private static async Task<byte[]> ExchangeAsync(IPEndPoint endPoint, byte[] sent)
    {
        using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(IPAddress.Loopback, endPoint.Port);
        await using var stream = new NetworkStream(socket);
        // Echoed before the FIN, as every load here does it: Pipelines.Sockets.Unofficial drops what it has not sent when it is disposed after the peer's FIN.
        await stream.WriteAsync(sent);
        var echoed = new byte[sent.Length];
        await stream.ReadExactlyAsync(echoed).AsTask().WaitAsync(TimeSpan.FromSeconds(30));
        if (sent.Length > 0)
            socket.Shutdown(SocketShutdown.Send);
        using var received = new MemoryStream();
        received.Write(echoed);
        await stream.CopyToAsync(received).WaitAsync(TimeSpan.FromSeconds(30));
        return received.ToArray();
    }
}
