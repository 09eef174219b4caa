using System.Net;
using System.Net.Sockets;
using System.Text;
using Proxy;

namespace RxSockets.Examples;

/// <summary>PROXY headers on the wire: what a plain origin is sent, and what is made of those that a client writes by hand.</summary>
public class ProxyProtocolTests
{
    private const string Line = "PROXY TCP4 203.0.113.7 192.0.2.1 4711 443\r\n";

    private static readonly ProxyHeader s_stranger = ProxyHeader.Tcp(IPEndPoint.Parse("203.0.113.7:4711"), IPEndPoint.Parse("192.0.2.1:443"));

    public static TheoryData<EngineKind, string> All => ProxyProcess.All;

    [Theory]
    [MemberData(nameof(All))]
    public async Task The_origin_is_told_who_the_client_is_before_anything_else(EngineKind engine, string scheduling)
    {
        using Socket origin = Peer.Listen();
        foreach (string version in new[] { "v1", "v2" })
        {
            await using ProxyProcess proxy = await ProxyProcess.StartAsync(engine, scheduling, origin, "--send-proxy", version);
            for (int i = 0; i < 10; i++)
            {
                using Socket client = await proxy.ConnectAsync();
                // The header does not wait for what the client says.
                using Socket upstream = await Peer.TakeAsync(origin);
                var here = (IPEndPoint)client.LocalEndPoint!;
                byte[] expected = version == "v1"
                    ? Encoding.ASCII.GetBytes($"PROXY TCP4 127.0.0.1 127.0.0.1 {here.Port} {proxy.EndPoint.Port}\r\n")
                    : [.. "\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c"u8, 127, 0, 0, 1, 127, 0, 0, 1, .. BigEndian(here.Port), .. BigEndian(proxy.EndPoint.Port)];
                Assert.Equal(expected, await Peer.HearAsync(upstream, expected.Length));
                await Peer.ExchangeAsync(client, upstream);
            }

            Assert.Empty(await proxy.StopAsync());
        }
    }

    [Theory]
    [InlineData("[::1]:0", "TCP6 ::1 ::1")]
    [InlineData("[::]:0", "TCP4 127.0.0.1 127.0.0.1")]
    public async Task The_address_family_is_that_of_the_client(string listen, string said)
    {
        Assert.SkipUnless(Socket.OSSupportsIPv6, "There is no IPv6 here.");
        using Socket origin = Peer.Listen();
        await using ProxyProcess proxy = await ProxyProcess.StartAsync(EngineKind.Managed, "pool", origin, "--send-proxy", "v1", "--listen", listen);
        IPAddress address = listen[2] == ':' && listen[3] == '1' ? IPAddress.IPv6Loopback : IPAddress.Loopback;
        using Socket client = await Peer.ConnectAsync(new IPEndPoint(address, proxy.EndPoint.Port));
        using Socket upstream = await Peer.TakeAsync(origin);
        string line = $"PROXY {said} {((IPEndPoint)client.LocalEndPoint!).Port} {proxy.EndPoint.Port}\r\n";
        Assert.Equal(line, await Peer.HearTextAsync(upstream, line.Length));
        client.Dispose();
        upstream.Dispose();
        Assert.Empty(await proxy.StopAsync());
    }

    [Theory]
    [InlineData("v1")]
    [InlineData("v2")]
    public async Task A_Unix_listener_names_its_path_where_the_version_can(string version)
    {
        ProxyProcess.SkipWithout(EngineKind.Managed);
        string path = Path.Combine(Path.GetTempPath(), $"rxproxy-{Guid.NewGuid():n}");
        using Socket origin = Peer.Listen();
        await using ExampleProcess proxy = ExampleProcess.Start("Proxy", ["--listen", "unix:" + path, "--to", $"{origin.LocalEndPoint}", "--send-proxy", version]);
        Assert.Equal("listening on " + path, await proxy.ReadLineAsync());
        using Socket client = await Peer.ConnectAsync(new UnixDomainSocketEndPoint(path));
        using Socket upstream = await Peer.TakeAsync(origin);
        byte[] expected = version == "v1"
            ? [.. "PROXY UNKNOWN\r\n"u8]
            : [.. "\r\n\r\n\0\r\nQUIT\n\x21\x31\0"u8, 216, .. new byte[108], .. Encoding.ASCII.GetBytes(path.PadRight(108, '\0'))];
        Assert.Equal(expected, await Peer.HearAsync(upstream, expected.Length));
        client.Dispose();
        upstream.Dispose();
        await proxy.TerminateAsync();
        Assert.Equal(0, (await proxy.EndAsync()).ExitCode);
    }

    [Theory]
    [MemberData(nameof(All))]
    public async Task What_a_client_says_of_itself_is_told_and_passed_on(EngineKind engine, string scheduling)
    {
        using Socket origin = Peer.Listen();
        foreach (ProxyVersion sends in new[] { ProxyVersion.None, ProxyVersion.V1, ProxyVersion.V2 })
        {
            string[] options = sends == ProxyVersion.None ? ["--accept-proxy"] : ["--accept-proxy", "--send-proxy", sends == ProxyVersion.V1 ? "v1" : "v2"];
            await using ProxyProcess proxy = await ProxyProcess.StartAsync(engine, scheduling, origin, options);
            foreach (ProxyVersion accepts in new[] { ProxyVersion.V1, ProxyVersion.V2 })
            {
                foreach (bool slowly in new[] { false, true })
                {
                    using Socket client = await proxy.ConnectAsync();
                    client.NoDelay = true;
                    // What comes right behind the header is the upstream's.
                    byte[] said = [.. ProxyHeaderWriter.Write(s_stranger, accepts), .. "hello"u8];
                    if (slowly)
                        await SayByteByByteAsync(client, said);
                    else
                        await Peer.SayAsync(client, said);
                    Assert.Equal($"client 203.0.113.7:4711 to 192.0.2.1:443 by {client.LocalEndPoint}", await proxy.ReadLineAsync());
                    using Socket upstream = await Peer.TakeAsync(origin);
                    byte[] expected = [.. ProxyHeaderWriter.Write(s_stranger, sends), .. "hello"u8];
                    Assert.Equal(expected, await Peer.HearAsync(upstream, expected.Length));
                    await Peer.ExchangeAsync(client, upstream);
                }
            }

            Assert.Empty(await proxy.StopAsync());
        }
    }

    [Theory]
    [MemberData(nameof(All))]
    public async Task A_proxy_that_speaks_for_itself_or_for_somebody_unknown_is_served(EngineKind engine, string scheduling)
    {
        using Socket origin = Peer.Listen();
        await using ProxyProcess proxy = await ProxyProcess.StartAsync(engine, scheduling, origin, "--accept-proxy", "--send-proxy", "v2");
        foreach ((ProxyHeader said, ProxyVersion version) in new[]
        {
            (ProxyHeader.Local, ProxyVersion.V2),
            (ProxyHeader.Unknown, ProxyVersion.V1),
            (ProxyHeader.Unknown, ProxyVersion.V2),
        })
        {
            using Socket client = await proxy.ConnectAsync();
            await Peer.SayAsync(client, ProxyHeaderWriter.Write(said, version));
            Assert.Equal($"client {client.LocalEndPoint}, who names no other", await proxy.ReadLineAsync());
            using Socket upstream = await Peer.TakeAsync(origin);
            byte[] expected = [.. "\r\n\r\n\0\r\nQUIT\n"u8, (byte)(said == ProxyHeader.Local ? 0x20 : 0x21), 0, 0, 0];
            Assert.Equal(expected, await Peer.HearAsync(upstream, expected.Length));
            await Peer.ExchangeAsync(client, upstream);
        }

        Assert.Empty(await proxy.StopAsync());
    }

    [Theory]
    [MemberData(nameof(All))]
    public async Task A_client_without_a_good_header_in_time_is_reset_and_the_log_says_why(EngineKind engine, string scheduling)
    {
        using Socket origin = Peer.Listen();
        await using ProxyProcess proxy = await ProxyProcess.StartAsync(engine, scheduling, origin, "--accept-proxy", "--header-timeout", "1");
        List<string> expected = [];
        foreach ((string said, bool ends, string why) in new[]
        {
            ("GET / HTTP/1.1\r\n\r\n", false, "The stream does not begin with a PROXY header."),
            ("PROXY TCP4 203.0.113.7 192.0.2.1 4711 70000\r\n", false, "The PROXY header is malformed: its destination port is no number from 0 to 65535."),
            (Line.Replace("\r", "") + "GET /", false, "The PROXY header is malformed: its line does not end in CR LF."),
            ("PROXY UNKNOWN " + new string('x', 200), false, "The PROXY header is malformed: its line is longer than 107 bytes."),
            ("\r\n\r\n\0\r\nQUIT\n\x11\x11\0\x0c", false, "The PROXY header is malformed: its version is 1, not 2."),
            ("\r\n\r\n\0\r\nQUIT\n\x21\x11\xff\xff", false, "The PROXY header is malformed: it is 65551 bytes long, and at most 4096 are taken."),
            ("\r\n\r\n\0\r\nQUIT\n\x21\x11\0\u000b01234567890", false, "The PROXY header is malformed: its addresses are 11 bytes, fewer than 12."),
            ("", false, "No whole PROXY header within 1 s."),
            (Line[..^1], false, "No whole PROXY header within 1 s."),
            (Line[..^1], true, "It left within the PROXY header."),
            ("", true, "It left without a PROXY header."),
        })
        {
            using Socket client = await proxy.ConnectAsync();
            await Peer.SayAsync(client, said);
            expected.Add($"proxy: client {client.LocalEndPoint} refused: {why}");
            if (ends)
                client.Shutdown(SocketShutdown.Send);
            await Peer.HearResetAsync(client);
        }

        Assert.Equal(expected, (await proxy.StopAsync()).Split('\n', StringSplitOptions.RemoveEmptyEntries));
        Assert.False(origin.Poll(TimeSpan.Zero, SelectMode.SelectRead), "One of them reached the origin.");
    }

    private static byte[] BigEndian(int port) => [(byte)(port >> 8), (byte)port];

    private static async Task SayByteByByteAsync(Socket socket, byte[] bytes)
    {
        foreach (byte one in bytes)
            await Peer.SayAsync(socket, (byte[])[one]);
    }
}
