using System.Net.Sockets;
using Microsoft.Extensions.Time.Testing;

namespace RxSockets.Conformance;

public class FirstDataTests
{
    public static TheoryData<EngineKind, CompletionScheduling> All => Engines.All;

    [Theory]
    [MemberData(nameof(All))]
    public async Task A_connection_comes_with_its_first_block_which_stays_first(EngineKind engine, CompletionScheduling scheduling)
    {
        await using var port = new TestPort(engine, scheduling);
        await using RxListener listener = port.Listen(static options => options.FirstDataBytes = 4);
        Task<RxConnection> accepting = listener.AcceptAsync().AsTask();
        using Socket peer = await Peers.ConnectAsync(listener.LocalEndPoint);
        await peer.SendAsync("abcdef"u8.ToArray()).Within();
        peer.Shutdown(SocketShutdown.Send);
        await using RxConnection connection = await accepting.Within();
        Assert.Equal("abcd"u8.ToArray(), connection.FirstData.ToArray());
        var segments = new List<byte[]>();
        await foreach (ReceivedSegment segment in connection.ReceiveAllAsync())
            segments.Add(segment.ToArray());
        Assert.Equal("abcd"u8.ToArray(), segments[0]);
        Assert.Equal("abcdef"u8.ToArray(), segments.SelectMany(static segment => segment));
        Assert.Equal("abcd"u8.ToArray(), connection.FirstData.ToArray());
    }

    /// <summary>Found by the hunt (seed 9768): what was split off the buffer behind the block came a second time.</summary>
    [Theory]
    [MemberData(nameof(All))]
    public async Task A_frame_across_the_end_of_the_first_block_is_whole(EngineKind engine, CompletionScheduling scheduling)
    {
        await using var port = new TestPort(engine, scheduling);
        await using RxListener listener = port.Listen(static options => options.FirstDataBytes = 5);
        Task<RxConnection> accepting = listener.AcceptAsync().AsTask();
        using Socket peer = await Peers.ConnectAsync(listener.LocalEndPoint);
        await peer.SendAsync("ab\ncdefgh\nij\n"u8.ToArray()).Within();
        peer.Shutdown(SocketShutdown.Send);
        await using RxConnection connection = await accepting.Within();
        Assert.Equal("ab\ncd"u8.ToArray(), connection.FirstData.ToArray());
        var lines = new List<string>();
        await foreach (string line in connection.ReceiveAllAsync().Lines())
            lines.Add(line);
        Assert.Equal(["ab", "cdefgh", "ij"], lines);
    }

    [Theory]
    [MemberData(nameof(All))]
    public async Task A_client_that_closes_without_a_byte_is_delivered_with_no_first_data(EngineKind engine, CompletionScheduling scheduling)
    {
        await using var port = new TestPort(engine, scheduling);
        await using RxListener listener = port.Listen(static options => options.FirstDataBytes = 4);
        Task<RxConnection> accepting = listener.AcceptAsync().AsTask();
        using Socket peer = await Peers.ConnectAsync(listener.LocalEndPoint);
        peer.Shutdown(SocketShutdown.Send);
        await using RxConnection connection = await accepting.Within();
        Assert.True(connection.FirstData.IsEmpty);
        Assert.Equal(0, await connection.ReceiveAsync(new byte[1]).AsTask().Within());
    }

    [Theory]
    [MemberData(nameof(All))]
    public async Task A_silent_client_is_aborted_never_early_and_holds_up_nobody(EngineKind engine, CompletionScheduling scheduling)
    {
        var time = new FakeTimeProvider();
        await using var port = new TestPort(engine, scheduling, options => options.TimeProvider = time);
        await using RxListener listener = port.Listen(static options =>
        {
            options.FirstDataBytes = 4;
            options.FirstDataTimeout = TimeSpan.FromSeconds(8);
            options.PendingAccepts = 2;
        });
        Task<RxConnection> accepting = listener.AcceptAsync().AsTask();
        List<Socket> silent = [];
        for (int i = 0; i < 5; i++)
            silent.Add(await Peers.ConnectAsync(listener.LocalEndPoint));

        // More silent ones than accepts are posted; a talking one is served all the same, and tells that the others were accepted before it.
        using Socket talking = await Peers.ConnectAsync(listener.LocalEndPoint);
        await talking.SendAsync("x"u8.ToArray()).Within();
        await using RxConnection connection = await accepting.Within();
        Assert.Equal("x"u8.ToArray(), connection.FirstData.ToArray());

        Task<int>[] reading = [.. silent.Select(static peer => peer.ReceiveAsync(new byte[1]))];
        for (int ms = 0; ms < 7900; ms += 100)
            time.Advance(TimeSpan.FromMilliseconds(100));
        Assert.Equal(0, listener.SilentClientsDropped);
        for (int ms = 0; ms < 2100; ms += 100)
            time.Advance(TimeSpan.FromMilliseconds(100));
        Assert.Equal(5, listener.SilentClientsDropped);
        foreach (Task<int> ended in reading)
        {
            var error = await Assert.ThrowsAsync<SocketException>(() => ended.Within());
            Assert.Equal(SocketError.ConnectionReset, error.SocketErrorCode);
        }

        silent.ForEach(static peer => peer.Dispose());
    }

    [Theory]
    [MemberData(nameof(All))]
    public async Task Above_the_limit_the_oldest_silent_client_is_aborted(EngineKind engine, CompletionScheduling scheduling)
    {
        await using var port = new TestPort(engine, scheduling);
        await using RxListener listener = port.Listen(static options =>
        {
            options.FirstDataBytes = 4;
            options.MaxPendingFirstData = 2;
        });
        Task<RxConnection> accepting = listener.AcceptAsync().AsTask();
        using Socket oldest = await Peers.ConnectAsync(listener.LocalEndPoint);
        Task<int> reading = oldest.ReceiveAsync(new byte[1]);
        using Socket second = await Peers.ConnectAsync(listener.LocalEndPoint);
        using Socket third = await Peers.ConnectAsync(listener.LocalEndPoint);
        var error = await Assert.ThrowsAsync<SocketException>(() => reading.Within());
        Assert.Equal(SocketError.ConnectionReset, error.SocketErrorCode);
        await second.SendAsync("2"u8.ToArray()).Within();
        await using RxConnection connection = await accepting.Within();
        Assert.Equal("2"u8.ToArray(), connection.FirstData.ToArray());
    }
}
