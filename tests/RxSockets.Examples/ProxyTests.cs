using System.Net;
using System.Net.Sockets;

namespace RxSockets.Examples;

/// <summary>The port forwarder between plain sockets: bytes, ends, resets, and a side that does not read.</summary>
public class ProxyTests
{
    private const long Plenty = 256 << 20;

    private static readonly byte[] s_pattern = Bytes(65536);

    public static TheoryData<EngineKind, string> All => ProxyProcess.All;

    [Theory]
    [MemberData(nameof(All))]
    public async Task Bytes_go_both_ways_and_each_direction_ends_on_its_own(EngineKind engine, string scheduling)
    {
        using Socket origin = Peer.Listen();
        await using ProxyProcess proxy = await ProxyProcess.StartAsync(engine, scheduling, origin);
        Task echoing = Task.WhenAll(Enumerable.Range(0, 8).Select(async _ =>
        {
            using Socket upstream = await Peer.TakeAsync(origin);
            await Peer.SayAllAsync(upstream, await Peer.HearAllAsync(upstream));
        }));
        await Task.WhenAll(Enumerable.Range(0, 8).Select(async i =>
        {
            using Socket client = await proxy.ConnectAsync();
            byte[] said = Bytes(100_000 * i);
            await Peer.SayAllAsync(client, said);
            await Peer.HearAllAsync(client, said);
        }));
        await echoing;
        for (int round = 0; round < 2; round++)
        {
            (Socket client, Socket upstream) = await proxy.OpenAsync(origin);
            using (client)
            using (upstream)
                await (round == 0 ? AskAsync(client, upstream) : AskAsync(upstream, client));
        }

        Assert.Empty(await proxy.StopAsync());
    }

    [Theory]
    [MemberData(nameof(All))]
    public async Task A_reset_is_passed_on_as_a_reset(EngineKind engine, string scheduling)
    {
        using Socket origin = Peer.Listen();
        await using ProxyProcess proxy = await ProxyProcess.StartAsync(engine, scheduling, origin);
        for (int round = 0; round < 4; round++)
        {
            (Socket client, Socket upstream) = await proxy.OpenAsync(origin);
            (Socket resets, Socket hears) = round % 2 == 0 ? (client, upstream) : (upstream, client);
            await Peer.ExchangeAsync(client, upstream);
            // Also behind the end of the other direction.
            if (round >= 2)
            {
                hears.Shutdown(SocketShutdown.Send);
                Assert.Empty(await Peer.HearAllAsync(resets));
            }

            Peer.Reset(resets);
            await Peer.HearResetAsync(hears);
            hears.Dispose();
        }

        Assert.Empty(await proxy.StopAsync());
    }

    [Theory]
    [MemberData(nameof(All))]
    public async Task An_answer_to_half_a_question_arrives_although_a_reset_is_behind_it(EngineKind engine, string scheduling)
    {
        using Socket origin = Peer.Listen();
        await using ProxyProcess proxy = await ProxyProcess.StartAsync(engine, scheduling, origin);
        for (int round = 0; round < 20; round++)
        {
            (Socket client, Socket upstream) = await proxy.OpenAsync(origin);
            using (client)
            {
                Task pouring = PourUntilResetAsync(client);
                await Peer.HearAsync(upstream, 100_000);
                await Peer.SayAsync(upstream, "too long");
                // With bytes unread in it: a reset.
                upstream.Dispose();
                Assert.Equal("too long", await Peer.HearTextAsync(client, 8));
                await pouring;
            }
        }

        Assert.Empty(await proxy.StopAsync());
    }

    [Theory]
    [MemberData(nameof(All))]
    public async Task Who_does_not_read_stops_who_sends_and_nothing_piles_up(EngineKind engine, string scheduling)
    {
        using Socket origin = Peer.Listen();
        await using ProxyProcess proxy = await ProxyProcess.StartAsync(engine, scheduling, origin);
        for (int round = 0; round < 2; round++)
        {
            (Socket client, Socket upstream) = await proxy.OpenAsync(origin);
            using (client)
            using (upstream)
            {
                await Peer.ExchangeAsync(client, upstream);
                (Socket sender, Socket reader) = round == 0 ? (upstream, client) : (client, upstream);
                long before = await proxy.CountResidentBytesAsync();
                long sent = await Task.Run(() => SendUntilNothingIsTaken(sender));
                // The kernel's four buffers on the way take some megabytes each.
                Assert.InRange(sent, 1, Plenty / 4);
                Assert.InRange(await proxy.CountResidentBytesAsync(), 0, before + (32 << 20));

                // The other direction is not held up by this one, and this one goes on where it stopped.
                await Peer.SayAsync(reader, "x");
                Assert.Equal("x", await Peer.HearTextAsync(sender, 1));
                sender.Shutdown(SocketShutdown.Send);
                Assert.Equal(sent, await CountPatternAsync(reader));
            }
        }

        Assert.Empty(await proxy.StopAsync());
    }

    [Theory]
    [MemberData(nameof(All))]
    public async Task Unix_sockets_on_both_sides(EngineKind engine, string scheduling)
    {
        ProxyProcess.SkipWithout(engine);
        string folder = Directory.CreateTempSubdirectory("rxproxy").FullName;
        try
        {
            string front = Path.Combine(folder, "front"), back = Path.Combine(folder, "back");
            using var origin = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
            origin.Bind(new UnixDomainSocketEndPoint(back));
            origin.Listen(1);
            await using ExampleProcess proxy = ExampleProcess.Start(
                "Proxy", ["--listen", "unix:" + front, "--to", "unix:" + back, "--engine", $"{engine}", "--scheduling", scheduling]);
            Assert.Equal("listening on " + front, await proxy.ReadLineAsync());
            using Socket client = await Peer.ConnectAsync(new UnixDomainSocketEndPoint(front));
            using Socket upstream = await Peer.TakeAsync(origin);
            await AskAsync(client, upstream);
            await proxy.TerminateAsync();
            (int exitCode, _, string errors) = await proxy.EndAsync();
            Assert.Equal((0, ""), (exitCode, errors));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    // A question and its end, then the answer and its end.
    private static async Task AskAsync(Socket client, Socket server)
    {
        byte[] question = Bytes(3_000_000), answer = Bytes(2_000_001);
        Task asking = Peer.SayAllAsync(client, question);
        await Peer.HearAllAsync(server, question);
        await asking;
        Task answering = Peer.SayAllAsync(server, answer);
        await Peer.HearAllAsync(client, answer);
        await answering;
    }

    private static async Task PourUntilResetAsync(Socket socket)
    {
        try
        {
            while (true)
                await Peer.SayAsync(socket, s_pattern);
        }
        catch (SocketException)
        {
            // The upstream's reset.
        }
    }

    // The pattern over and over, until the kernel takes nothing for a whole second.
    private static long SendUntilNothingIsTaken(Socket socket)
    {
        long sent = 0;
        socket.Blocking = false;
        while (sent < Plenty && socket.Poll(TimeSpan.FromSeconds(1), SelectMode.SelectWrite))
        {
            int count = socket.Send(s_pattern.AsSpan((int)(sent % s_pattern.Length)), SocketFlags.None, out SocketError error);
            Assert.True(error is SocketError.Success or SocketError.WouldBlock, $"{error}");
            sent += count;
        }

        return sent;
    }

    private static async Task<long> CountPatternAsync(Socket socket)
    {
        long received = 0;
        byte[] bytes = new byte[s_pattern.Length];
        while (true)
        {
            int at = (int)(received % s_pattern.Length);
            int count = await socket.ReceiveAsync(bytes.AsMemory(at)).AsTask().WaitAsync(Peer.Limit);
            if (count == 0)
                return received;
            Assert.True(bytes.AsSpan(at, count).SequenceEqual(s_pattern.AsSpan(at, count)), $"other bytes from {received} on");
            received += count;
        }
    }

    private static byte[] Bytes(int count)
    {
        byte[] bytes = new byte[count];
        Random.Shared.NextBytes(bytes);
        return bytes;
    }
}
