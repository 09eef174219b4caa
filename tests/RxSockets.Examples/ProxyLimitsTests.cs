using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text;
using RxSockets.Testing;

namespace RxSockets.Examples;

/// <summary>The port forwarder's limits, its upstreams that are not there, its end, and its arguments.</summary>
public class ProxyLimitsTests
{
    public static TheoryData<EngineKind, string> All => ProxyProcess.All;

    [Theory]
    [MemberData(nameof(All))]
    public async Task A_tunnel_that_rests_is_dropped_and_one_that_does_not_is_not(EngineKind engine, string scheduling)
    {
        using Socket origin = Peer.Listen();
        await using ProxyProcess proxy = await ProxyProcess.StartAsync(engine, scheduling, origin, "--idle", "1");
        (Socket client, Socket upstream) = await proxy.OpenAsync(origin);
        (Socket busyClient, Socket busyUpstream) = await proxy.OpenAsync(origin);
        Task dropped = Task.WhenAll(Peer.HearResetAsync(client), Peer.HearResetAsync(upstream));
        while (!dropped.IsCompleted)
            await Peer.ExchangeAsync(busyClient, busyUpstream);
        await dropped;
        await Peer.ExchangeAsync(busyClient, busyUpstream);
        busyClient.Dispose();
        Assert.Empty(await Peer.HearAllAsync(busyUpstream));
        busyUpstream.Dispose();
        Assert.Empty(await proxy.StopAsync());
    }

    [Theory]
    [MemberData(nameof(All))]
    public async Task A_tunnel_with_a_side_that_does_not_read_is_dropped(EngineKind engine, string scheduling)
    {
        using Socket origin = Peer.Listen();
        await using ProxyProcess proxy = await ProxyProcess.StartAsync(engine, scheduling, origin, "--idle", "1");
        for (int round = 0; round < 2; round++)
        {
            (Socket client, Socket upstream) = await proxy.OpenAsync(origin);
            (Socket sender, Socket reader) = round == 0 ? (client, upstream) : (upstream, client);
            byte[] bytes = new byte[65536];
            SocketException dropped = await Assert.ThrowsAsync<SocketException>(async () =>
            {
                while (true)
                    await Peer.SayAsync(sender, bytes);
            });
            Assert.True(dropped.SocketErrorCode is SocketError.ConnectionReset or SocketError.Shutdown, dropped.Message);
            await Peer.HearResetAsync(reader);
            sender.Dispose();
            reader.Dispose();
        }

        Assert.Empty(await proxy.StopAsync());
    }

    [Theory]
    [MemberData(nameof(All))]
    public async Task A_client_that_says_nothing_is_dropped(EngineKind engine, string scheduling)
    {
        using Socket origin = Peer.Listen();
        await using ProxyProcess proxy = await ProxyProcess.StartAsync(engine, scheduling, origin, "--silent", "1");
        (Socket client, Socket upstream) = await proxy.OpenAsync(origin);
        await Peer.SayAsync(client, "a");
        (Socket silent, Socket silentUpstream) = await proxy.OpenAsync(origin);
        await Peer.HearResetAsync(silent);
        await Peer.HearResetAsync(silentUpstream);
        Assert.Equal("a", await Peer.HearTextAsync(upstream, 1));
        await Peer.ExchangeAsync(client, upstream);
        client.Dispose();
        upstream.Dispose();
        Assert.Empty(await proxy.StopAsync());
    }

    [Theory]
    [MemberData(nameof(All))]
    public async Task At_the_limit_clients_wait_until_one_has_left(EngineKind engine, string scheduling)
    {
        using Socket origin = Peer.Listen();
        await using ProxyProcess proxy = await ProxyProcess.StartAsync(engine, scheduling, origin, "--max-connections", "2");
        (Socket first, Socket firstUpstream) = await proxy.OpenAsync(origin);
        (Socket second, Socket secondUpstream) = await proxy.OpenAsync(origin);
        using Socket third = await proxy.ConnectAsync();
        await Peer.SayAsync(third, "3");
        Assert.False(await Task.Run(() => origin.Poll(TimeSpan.FromSeconds(1), SelectMode.SelectRead)), "A third one came through.");
        first.Dispose();
        Assert.Empty(await Peer.HearAllAsync(firstUpstream));
        firstUpstream.Dispose();
        using Socket thirdUpstream = await Peer.TakeAsync(origin);
        Assert.Equal("3", await Peer.HearTextAsync(thirdUpstream, 1));
        await Peer.ExchangeAsync(second, secondUpstream);
        Peer.Reset(second);
        Peer.Reset(third);
        Assert.Empty(await proxy.StopAsync());
    }

    [Theory]
    [MemberData(nameof(All))]
    public async Task An_upstream_that_refuses_is_told_and_the_client_is_reset(EngineKind engine, string scheduling)
    {
        // Bound, not listening: its port is nobody else's, and refuses.
        using var origin = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        origin.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        await using ProxyProcess proxy = await ProxyProcess.StartAsync(engine, scheduling, origin);
        using Socket client = await proxy.ConnectAsync();
        await Peer.HearResetAsync(client);
        string errors = await proxy.StopAsync();
        Assert.StartsWith($"proxy: client {client.LocalEndPoint} refused: ", errors, StringComparison.Ordinal);
        Assert.Contains($"{origin.LocalEndPoint}", errors, StringComparison.Ordinal);
        Assert.Contains("refused", errors.Split("refused: ")[1], StringComparison.OrdinalIgnoreCase);
    }

    [Theory]
    [MemberData(nameof(All))]
    public async Task An_upstream_that_does_not_answer_is_told_after_the_time_limit(EngineKind engine, string scheduling)
    {
        // Its backlog is full: SYNs are dropped.
        using Socket origin = Peer.Listen(backlog: 0);
        using Socket fills = await Peer.ConnectAsync(origin.LocalEndPoint!);
        await using ProxyProcess proxy = await ProxyProcess.StartAsync(engine, scheduling, origin, "--connect-timeout", "1");
        using Socket client = await proxy.ConnectAsync();
        await Peer.HearResetAsync(client);
        string errors = await proxy.StopAsync();
        Assert.Equal($"proxy: client {client.LocalEndPoint} refused: No connection to {origin.LocalEndPoint} within 1 s.\n", errors);
    }

    [Theory]
    [MemberData(nameof(All))]
    public async Task Open_tunnels_may_end_when_it_stops(EngineKind engine, string scheduling)
    {
        using Socket origin = Peer.Listen();
        await using ProxyProcess proxy = await ProxyProcess.StartAsync(engine, scheduling, origin, "--drain", "60");
        (Socket client, Socket upstream) = await proxy.OpenAsync(origin);
        await Peer.ExchangeAsync(client, upstream);
        await proxy.TerminateAsync();
        Assert.Equal("stopping", await proxy.ReadLineAsync());
        SocketException refused = await Assert.ThrowsAsync<SocketException>(proxy.ConnectAsync);
        Assert.Equal(SocketError.ConnectionRefused, refused.SocketErrorCode);
        await Peer.ExchangeAsync(client, upstream);
        client.Dispose();
        Assert.Empty(await Peer.HearAllAsync(upstream));
        upstream.Dispose();
        Assert.Empty(await proxy.EndAsync());
    }

    [Theory]
    [MemberData(nameof(All))]
    public async Task Tunnels_that_do_not_end_in_time_or_at_a_second_signal_are_cut(EngineKind engine, string scheduling)
    {
        foreach (bool twice in new[] { false, true })
        {
            using Socket origin = Peer.Listen();
            await using ProxyProcess proxy = await ProxyProcess.StartAsync(engine, scheduling, origin, "--drain", twice ? "600" : "1");
            (Socket client, Socket upstream) = await proxy.OpenAsync(origin);
            await Peer.ExchangeAsync(client, upstream);
            await proxy.TerminateAsync();
            Assert.Equal("stopping", await proxy.ReadLineAsync());
            if (twice)
                await proxy.TerminateAsync();
            await Peer.HearResetAsync(client);
            await Peer.HearResetAsync(upstream);
            Assert.Empty(await proxy.EndAsync());
        }
    }

    [Theory]
    [InlineData("Option '--to' is required")]
    [InlineData("--to: 'nowhere' is not an address", "--to", "nowhere:80")]
    [InlineData("--to: nobody listens on port 0", "--to", "127.0.0.1:0")]
    [InlineData("--listen: '127.0.0.1' is not HOST:PORT", "--to", "127.0.0.1:1", "--listen", "127.0.0.1")]
    [InlineData("--send-proxy is v1 or v2, not 'v3'.", "--to", "127.0.0.1:1", "--send-proxy", "v3")]
    [InlineData("--max-connections is a number from 1 to 1000000, not '0'.", "--to", "127.0.0.1:1", "--max-connections", "0")]
    [InlineData("--idle is a number from 0 to 86400, not 'never'.", "--to", "127.0.0.1:1", "--idle", "never")]
    [InlineData("--engine is auto, iouring, managed or iocp, not 'fast'.", "--to", "127.0.0.1:1", "--engine", "fast")]
    public async Task A_bad_argument_is_named(string message, params string[] arguments) => await RefusesAsync(message, arguments);

    [Fact]
    public async Task A_port_in_use_is_a_clear_error()
    {
        using Socket taken = Peer.Listen();
        await RefusesAsync("in use", "--listen", $"{taken.LocalEndPoint}", "--to", "127.0.0.1:1");
    }

    [Fact]
    public async Task Curl_and_nc_reach_the_file_server_through_it()
    {
        DirectoryInfo root = Directory.CreateTempSubdirectory("rxproxy");
        try
        {
            byte[] data = new byte[3_000_000];
            Random.Shared.NextBytes(data);
            await File.WriteAllBytesAsync(Path.Combine(root.FullName, "data.bin"), data);
            ProxyProcess.SkipWithout(EngineKind.Managed);
            await using ExampleProcess server = ExampleProcess.Start("FileServer", ["--root", root.FullName]);
            await using ProxyProcess proxy = await ProxyProcess.StartAsync(EngineKind.Managed, "pool", $"{await server.ReadEndPointAsync()}");
            string copy = Path.Combine(root.FullName, "copy");
            // Two requests on one connection, then one on another.
            await RunAsync("curl", "", "-s", "-S", "-f", "-o", copy, $"http://{proxy.EndPoint}/data.bin", "-o", copy + "2", $"http://{proxy.EndPoint}/data.bin");
            Assert.Equal(data, await File.ReadAllBytesAsync(copy));
            Assert.Equal(data, await File.ReadAllBytesAsync(copy + "2"));
            string head = await RunAsync("nc", "HEAD /data.bin HTTP/1.1\r\nHost: x\r\n\r\n", "-N", $"{proxy.EndPoint.Address}", $"{proxy.EndPoint.Port}");
            Assert.Contains("Content-Length: 3000000\r\n", head, StringComparison.Ordinal);
            Assert.Empty(await proxy.StopAsync());
        }
        finally
        {
            root.Delete(recursive: true);
        }
    }

    private static async Task<string> RunAsync(string program, string input, params string[] arguments)
    {
        using Process process = Process.Start(new ProcessStartInfo(ForeignProgram.Find(program), arguments)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            StandardOutputEncoding = Encoding.Latin1,
        })!;
        await process.StandardInput.WriteAsync(input);
        process.StandardInput.Close();
        string output = await process.StandardOutput.ReadToEndAsync().WaitAsync(Peer.Limit);
        await process.WaitForExitAsync().WaitAsync(Peer.Limit);
        Assert.Equal(0, process.ExitCode);
        return output;
    }

    private static async Task RefusesAsync(string message, params string[] arguments)
    {
        await using ExampleProcess proxy = ExampleProcess.Start("Proxy", arguments);
        (int exitCode, _, string errors) = await proxy.EndAsync();
        Assert.Equal(1, exitCode);
        Assert.Contains(message, errors, StringComparison.Ordinal);
    }
}
