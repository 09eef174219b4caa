using System.Buffers;
using System.Net.Sockets;
using System.Reactive.Linq;
using System.Reactive.Threading.Tasks;
using System.Text;

namespace RxSockets.Conformance;

/// <summary>The framing operators and encoders over real sockets.</summary>
public class FramingTests
{
    public static TheoryData<EngineKind, CompletionScheduling> All => Engines.All;

    [Theory]
    [MemberData(nameof(All))]
    public async Task Readers_of_every_kind_take_turns_and_see_every_byte_once(EngineKind engine, CompletionScheduling scheduling)
    {
        const int Rounds = 100;
        await using var port = new TestPort(engine, scheduling);
        (RxConnection connection, Socket peer) = await port.AcceptPeerAsync();
        Task sending = Task.Run(async () =>
        {
            var text = new StringBuilder();
            for (int i = 0; i < Rounds; i++)
                text.Append("pushed ").Append(i).Append("\r\npulled ").Append(i).Append("\n\0\u0007framed ").Append(i % 10 == 3 ? "!" : "?").Append("raw").Append(i % 10);
            byte[] bytes = Encoding.UTF8.GetBytes(text.ToString());
            for (int at = 0, step = 1; at < bytes.Length; at += step, step = 1 + (step * 7 % 23))
                await peer.SendAsync(bytes.AsMemory(at, Math.Min(step, bytes.Length - at)));
            peer.Shutdown(SocketShutdown.Send);
        });

        for (int i = 0; i < Rounds; i++)
        {
            Assert.Equal($"pushed {i}", await connection.Received.Lines().FirstAsync().ToTask().Within());
            await foreach (string line in connection.ReceiveAllAsync().Lines())
            {
                Assert.Equal($"pulled {i}", line);
                break;
            }

            byte[] framed = await connection.Received.LengthPrefixed(LengthPrefix.UInt16BigEndian)
                .Select(static frame => frame.ToArray()).FirstAsync().ToTask().Within();
            Assert.Equal("framed ", Encoding.UTF8.GetString(framed));
            byte[] raw = new byte[5];
            for (int at = 0; at < raw.Length;)
                at += await connection.ReceiveAsync(raw.AsMemory(at)).Within();
            Assert.Equal($"{(i % 10 == 3 ? "!" : "?")}raw{i % 10}", Encoding.UTF8.GetString(raw));
        }

        Assert.Empty(await connection.Received.Lines().ToList().ToTask().Within());
        await sending.Within();
        await connection.DisposeAsync();
        peer.Dispose();
    }

    [Theory]
    [MemberData(nameof(All))]
    public async Task A_frame_far_longer_than_the_receive_limit_arrives(EngineKind engine, CompletionScheduling scheduling)
    {
        const int Length = 4 << 20;
        await using var port = new TestPort(engine, scheduling, static options => options.ReceiveLimit = 16384);
        (RxConnection connection, Socket peer) = await port.AcceptPeerAsync();
        byte[] frame = new byte[Length];
        new Random(7).NextBytes(frame);
        Task sending = Task.Run(async () =>
        {
            await peer.SendAsync(new byte[] { 0, 0x40, 0, 0 });
            for (int at = 0; at < Length;)
                at += await peer.SendAsync(frame.AsMemory(at, Math.Min(10_000, Length - at)));
            await peer.SendAsync("\nlast line\n"u8.ToArray());
        });

        byte[] received = await connection.Received.LengthPrefixed(maxLength: Length).Select(static lent => lent.ToArray()).FirstAsync().ToTask().Within();
        Assert.True(frame.AsSpan().SequenceEqual(received));
        Assert.Equal(["", "last line"], await connection.Received.Lines().Take(2).ToList().ToTask().Within());
        await sending.Within();
        await connection.DisposeAsync();
        peer.Dispose();
    }

    [Theory]
    [MemberData(nameof(All))]
    public async Task What_the_encoders_send_the_operators_read(EngineKind engine, CompletionScheduling scheduling)
    {
        await using var port = new TestPort(engine, scheduling);
        await using RxListener listener = port.Listen();
        ValueTask<RxConnection> accepting = listener.AcceptAsync();
        RxConnection client = await port.ConnectAsync(listener.LocalEndPoint).Within();
        RxConnection server = await accepting.Within();
        byte[] payload = [.. Enumerable.Range(0, 200).Select(static i => (byte)i)];
        await client.SendLineAsync("Grüße, 😀").Within();
        await client.SendLineAsync("").Within();
        foreach (LengthPrefix prefix in Enum.GetValues<LengthPrefix>())
            await client.SendLengthPrefixedAsync(payload, prefix).Within();
        await client.SendDelimitedAsync("a frame"u8.ToArray(), "\0\0"u8.ToArray()).Within();

        Assert.Equal(["Grüße, 😀", ""], await server.Received.Lines().Take(2).ToList().ToTask().Within());
        foreach (LengthPrefix prefix in Enum.GetValues<LengthPrefix>())
        {
            byte[] frame = await server.Received.LengthPrefixed(prefix).Select(static lent => lent.ToArray()).FirstAsync().ToTask().Within();
            Assert.Equal(payload, frame);
        }

        string delimited = await server.Received.Delimited("\0\0"u8).Select(static lent => Encoding.ASCII.GetString(lent)).FirstAsync().ToTask().Within();
        Assert.Equal("a frame", delimited);
        Assert.Throws<ArgumentException>(() => { _ = client.SendLineAsync("two\nlines"); });
        Assert.Throws<ArgumentOutOfRangeException>(() => { _ = client.SendLengthPrefixedAsync(new byte[256], LengthPrefix.Byte); });
        await client.DisposeAsync();
        await server.DisposeAsync();
    }

    [Theory]
    [MemberData(nameof(All))]
    public async Task A_reset_in_a_frame_is_the_typed_error(EngineKind engine, CompletionScheduling scheduling)
    {
        // It comes inside OnNext, while no receive is pending.
        Testing.Wine.SkipIfResetsAreLost();
        await using var port = new TestPort(engine, scheduling);
        (RxConnection connection, Socket peer) = await port.AcceptPeerAsync();
        Task<IList<string>> lines = connection.Received.Lines().Do(_ => peer.Reset()).ToList().ToTask();
        await peer.SendAsync("whole\npart"u8.ToArray()).Within();
        var error = await Assert.ThrowsAsync<SocketException>(() => lines.Within());
        Assert.Equal(SocketError.ConnectionReset, error.SocketErrorCode);
        await connection.DisposeAsync();
    }

    [Theory]
    [MemberData(nameof(All))]
    public async Task A_line_that_never_ends_is_stopped_by_its_limit(EngineKind engine, CompletionScheduling scheduling)
    {
        await using var port = new TestPort(engine, scheduling);
        (RxConnection connection, Socket peer) = await port.AcceptPeerAsync();
        Task sending = Task.Run(async () =>
        {
            try
            {
                for (int i = 0; i < 10_000; i++)
                    await peer.SendAsync(new byte[1000]);
            }
            catch (SocketException)
            {
                // Aborted below: that is how the flood ends.
            }
        });
        await Assert.ThrowsAsync<FrameTooLongException>(() => connection.Received.Lines(100_000).ToList().ToTask().Within());
        // What was buffered is bounded by the frame's limit, the connection's own, and the one round of a loop that was on its way: the 256 buffers of its ring.
        Assert.InRange(connection.BytesReceived, 100_000, 100_000 + 65536 + (256 * 16384));
        connection.Abort();
        await sending.Within();
        await connection.DisposeAsync();
        peer.Dispose();
    }
}
