using System.Net;
using System.Net.Sockets;
using System.Text;

namespace RxSockets.Examples;

/// <summary>The port forwarder behind a real HAProxy that sends PROXY headers, and before one that accepts them.</summary>
public class ProxyBesideHAProxyTests
{
    // Not that of the listeners, so that source and destination cannot be taken for each other.
    private static readonly IPAddress s_address = IPAddress.Parse("127.0.0.2");

    [Theory]
    [InlineData(EngineKind.IoUring, "send-proxy", "v1")]
    [InlineData(EngineKind.IoUring, "send-proxy", "v2")]
    [InlineData(EngineKind.IoUring, "send-proxy-v2", "v1")]
    [InlineData(EngineKind.Managed, "send-proxy-v2", "v2")]
    [InlineData(EngineKind.Managed, "send-proxy-v2 proxy-v2-options unique-id,crc32c,authority", "v1")]
    public async Task Behind_HAProxy_the_origin_is_told_the_client_of_HAProxy(EngineKind engine, string serverOptions, string version)
    {
        using Socket origin = Peer.Listen();
        await using ProxyProcess proxy = await ProxyProcess.StartAsync(engine, "pool", origin, "--accept-proxy", "--send-proxy", version);
        await using (HAProxy haproxy = HAProxy.Start($"{proxy.EndPoint}", "", serverOptions))
        {
            for (int i = 0; i < 5; i++)
            {
                using Socket client = await Peer.ConnectAsync(IPEndPoint.Parse(haproxy.EndPoint), s_address);
                await Peer.SayAsync(client, "hello");
                using Socket upstream = await Peer.TakeAsync(origin);
                string line = await proxy.ReadLineAsync();
                Assert.StartsWith($"client {client.LocalEndPoint} to {haproxy.EndPoint} by 127.0.0.1:", line, StringComparison.Ordinal);
                byte[] expected = [.. Header(client, haproxy.EndPoint, version), .. "hello"u8];
                Assert.Equal(expected, await Peer.HearAsync(upstream, expected.Length));
                await AnswerAsync(client, upstream);
            }
        }

        Assert.Empty(await proxy.StopAsync());
    }

    [Theory]
    [InlineData(EngineKind.IoUring, "v1")]
    [InlineData(EngineKind.IoUring, "v2")]
    [InlineData(EngineKind.Managed, "v1")]
    [InlineData(EngineKind.Managed, "v2")]
    public async Task Before_HAProxy_it_is_believed(EngineKind engine, string version)
    {
        using Socket origin = Peer.Listen();
        // What HAProxy took from the header it passes on.
        await using HAProxy haproxy = HAProxy.Start($"{origin.LocalEndPoint}", "accept-proxy", "send-proxy");
        await using ProxyProcess proxy = await ProxyProcess.StartAsync(engine, "pool", haproxy.EndPoint, "--send-proxy", version);
        for (int i = 0; i < 5; i++)
        {
            using Socket client = await Peer.ConnectAsync(proxy.EndPoint, s_address);
            await Peer.SayAsync(client, "hello");
            using Socket upstream = await Peer.TakeAsync(origin);
            byte[] expected = [.. Header(client, $"{proxy.EndPoint}", "v1"), .. "hello"u8];
            Assert.Equal(expected, await Peer.HearAsync(upstream, expected.Length));
            await AnswerAsync(client, upstream);
        }

        Assert.Empty(await proxy.StopAsync());
    }

    // Both directions end on their own, through both proxies.
    private static async Task AnswerAsync(Socket client, Socket upstream)
    {
        byte[] answer = new byte[1_000_000];
        Random.Shared.NextBytes(answer);
        client.Shutdown(SocketShutdown.Send);
        Assert.Empty(await Peer.HearAllAsync(upstream));
        Task answering = Peer.SayAllAsync(upstream, answer);
        await Peer.HearAllAsync(client, answer);
        await answering;
    }

    private static byte[] Header(Socket client, string listener, string version)
    {
        int from = ((IPEndPoint)client.LocalEndPoint!).Port, to = IPEndPoint.Parse(listener).Port;
        return version == "v1"
            ? Encoding.ASCII.GetBytes($"PROXY TCP4 {s_address} 127.0.0.1 {from} {to}\r\n")
            : [.. "\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c"u8, 127, 0, 0, 2, 127, 0, 0, 1, (byte)(from >> 8), (byte)from, (byte)(to >> 8), (byte)to];
    }
}
