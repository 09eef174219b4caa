using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Time.Testing;

namespace RxSockets.Conformance;

public class ConnectTests
{
    public static TheoryData<EngineKind, CompletionScheduling> All => Engines.All;

    [Theory]
    [MemberData(nameof(All))]
    public async Task First_data_leaves_with_the_connect(EngineKind engine, CompletionScheduling scheduling)
    {
        await using var port = new TestPort(engine, scheduling);
        using Socket listener = Peers.Listen();
        byte[] block = new byte[300_000];
        new Random(1).NextBytes(block);
        Task<RxConnection> connecting = port.ConnectAsync(listener.LocalEndPoint!, block).AsTask();
        using Socket peer = await listener.AcceptAsync().Within();
        Assert.Equal(block, await peer.ReceiveExactlyAsync(block.Length));
        await using RxConnection connection = await connecting.Within();
        Assert.Equal(block.Length, connection.FirstDataSent);
        Assert.Equal(listener.LocalEndPoint, connection.RemoteEndPoint);
        Assert.Equal(peer.RemoteEndPoint, connection.LocalEndPoint);
        Assert.NotNull(connection.ConnectTime);
    }

    [Theory]
    [MemberData(nameof(All))]
    public async Task Refused_is_ConnectionRefused_and_names_the_endpoint(EngineKind engine, CompletionScheduling scheduling)
    {
        await using var port = new TestPort(engine, scheduling);
        EndPoint gone = Peers.NobodyListens();
        var error = await Assert.ThrowsAsync<SocketException>(() => port.ConnectAsync(gone, "x"u8.ToArray()).AsTask().Within());
        Assert.Equal(SocketError.ConnectionRefused, error.SocketErrorCode);
        Assert.Contains(gone.ToString()!, error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(All))]
    public async Task A_refused_connect_is_tried_again(EngineKind engine, CompletionScheduling scheduling)
    {
        var time = new FakeTimeProvider();
        await using var port = new TestPort(engine, scheduling, options => options.TimeProvider = time);
        EndPoint endPoint = Peers.NobodyListens();
        Task<RxConnection> connecting = RxConnection.ConnectAsync(
            endPoint, default, new ConnectOptions { CompletionPort = port.Port, Retry = 1000, RetryDelay = TimeSpan.FromSeconds(1) }).AsTask();
        using Socket late = Peers.Listen(endPoint);
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        while (!connecting.IsCompleted)
        {
            deadline.Token.ThrowIfCancellationRequested();
            time.Advance(TimeSpan.FromMilliseconds(100));
            await Task.Yield();
        }

        await using RxConnection connection = await connecting;
        using Socket peer = await late.AcceptAsync().Within();
    }

    [Theory]
    [MemberData(nameof(All))]
    public async Task Errors_are_those_of_the_system(EngineKind engine, CompletionScheduling scheduling)
    {
        await using var port = new TestPort(engine, scheduling);
        var family = await Assert.ThrowsAsync<SocketException>(() => port.ConnectAsync(new DnsEndPoint("localhost", 1)).AsTask().Within());
        Assert.Equal(SocketError.AddressFamilyNotSupported, family.SocketErrorCode);
        if (Socket.OSSupportsUnixDomainSockets)
        {
            var missing = await Assert.ThrowsAsync<SocketException>(() => port.ConnectAsync(new UnixDomainSocketEndPoint("/nonexistent/rx.sock")).AsTask().Within());
            Assert.Equal(SocketError.AddressNotAvailable, missing.SocketErrorCode);
        }

        using Socket listener = Peers.Listen();
        var inUse = await Assert.ThrowsAsync<SocketException>(() => RxConnection.ConnectAsync(
            listener.LocalEndPoint!, default, new ConnectOptions { CompletionPort = port.Port, LocalEndPoint = listener.LocalEndPoint }).AsTask().Within());
        Assert.Equal(SocketError.AddressAlreadyInUse, inUse.SocketErrorCode);
        var notHere = Assert.Throws<SocketException>(() => port.Listen(endPoint: new IPEndPoint(IPAddress.Parse("192.0.2.1"), 0)));
        Assert.Equal(SocketError.AddressNotAvailable, notHere.SocketErrorCode);
        Assert.Throws<ArgumentOutOfRangeException>(() => port.Listen(static options => options.Backlog = 0));
        Assert.Equal(0, port.Port.Core.MemberCount);
    }

    [Theory]
    [MemberData(nameof(All))]
    public async Task A_pending_connect_is_cancelled(EngineKind engine, CompletionScheduling scheduling)
    {
        await using var port = new TestPort(engine, scheduling);
        if (engine == EngineKind.Simulated)
        {
            // Its own backlog, filled by its own.
            await using RxListener full = port.Listen(static options => options.Backlog = 1);
            await using RxConnection waiting = await port.ConnectAsync(full.LocalEndPoint).Within();
            await CancelAsync(port, full.LocalEndPoint);
            return;
        }

        // A Unix listener whose backlog is full keeps a connect waiting; TCP drops the SYN, which is the same to us.
        using var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listener.Listen(1);
        List<Socket> fill = [];
        for (int i = 0; i < 4; i++)
        {
            var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { Blocking = false };
            try
            {
                socket.Connect(listener.LocalEndPoint!);
            }
            catch (SocketException)
            {
                // In progress.
            }

            fill.Add(socket);
        }

        await CancelAsync(port, listener.LocalEndPoint!);
        fill.ForEach(static socket => socket.Dispose());
    }

    private static async Task CancelAsync(TestPort port, EndPoint endPoint)
    {
        using var cancel = new CancellationTokenSource();
        Task<RxConnection> connecting = port.ConnectAsync(endPoint, "x"u8.ToArray(), cancel.Token).AsTask();
        Assert.False(connecting.IsCompleted);
        await cancel.CancelAsync();
        var error = await Assert.ThrowsAnyAsync<OperationCanceledException>(() => connecting.Within());
        Assert.Equal(cancel.Token, error.CancellationToken);
    }

    [Theory]
    [MemberData(nameof(All))]
    public async Task Connect_time_counts_the_backlog(EngineKind engine, CompletionScheduling scheduling)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Read from the other end's TCP_INFO, as Linux has it.");
        await using var port = new TestPort(engine, scheduling);
        await using RxListener listener = port.Listen();
        using Socket first = await Peers.ConnectAsync(listener.LocalEndPoint);
        using Socket peer = await Peers.ConnectAsync(listener.LocalEndPoint);
        byte[] info = new byte[104];
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        do
        {
            deadline.Token.ThrowIfCancellationRequested();
            await Task.Yield();
            peer.GetRawSocketOption(6, 11, info);
        }
        while (BitConverter.ToUInt32(info, 44) < 200);

        // Both come in one burst; the second was taken for one that was accepted at once.
        await using RxConnection connection = await listener.AcceptAsync().AsTask().Within();
        await using RxConnection second = await listener.AcceptAsync().AsTask().Within();
        Assert.InRange(connection.ConnectTime!.Value.TotalMilliseconds, 190, 5000);
        Assert.InRange(second.ConnectTime!.Value.TotalMilliseconds, 190, 5000);
    }

    [Theory]
    [MemberData(nameof(All))]
    public async Task Accepted_connections_have_the_delay_that_the_listener_was_asked_for(EngineKind engine, CompletionScheduling scheduling)
    {
        await using var port = new TestPort(engine, scheduling);
        foreach (bool noDelay in (bool[])[true, false])
        {
            await using RxListener listener = port.Listen(options => options.NoDelay = noDelay);
            using Socket peer = await Peers.ConnectAsync(listener.LocalEndPoint);
            await using RxConnection accepted = await listener.AcceptAsync().AsTask().Within();
            Assert.Equal(noDelay, accepted.NoDelay);
        }
    }
}
