using System.Net;
using System.Net.Sockets;
using System.Reactive.Linq;
using System.Reactive.Threading.Tasks;
using System.Text;

namespace RxSockets.Conformance;

public class DatagramTests
{
    private const string NoGroups = "Simulated: its network has no groups.";

    public static TheoryData<EngineKind, CompletionScheduling> All => Engines.All;

    [Theory]
    [MemberData(nameof(All))]
    public async Task The_sender_is_seen_and_is_answered(EngineKind engine, CompletionScheduling scheduling)
    {
        await using var port = new TestPort(engine, scheduling);
        await using RxDatagramSocket socket = port.Datagrams();
        Task echoing = socket.ReceiveAllAsync().ForEachAsync(datagram => socket.SendToAsync(datagram.Memory, datagram.RemoteEndPoint));
        using Socket first = Peers.Datagrams();
        using Socket second = Peers.Datagrams();
        for (int i = 0; i < 10; i++)
        {
            foreach (Socket peer in (Socket[])[first, second])
            {
                byte[] sent = Encoding.ASCII.GetBytes($"{i} from {peer.LocalEndPoint}");
                await peer.SendToAsync(sent, socket.LocalEndPoint).Within();
                Assert.Equal(sent, await peer.ReceiveDatagramAsync());
            }
        }

        // After the disposal: the peer may have its answer before our send is counted.
        await socket.DisposeAsync().AsTask().Within();
        Assert.Equal((20L, 20L, 0L, 0L), (socket.DatagramsReceived, socket.DatagramsSent, socket.DatagramsTruncated, socket.NetworkErrors));
        var end = await Assert.ThrowsAsync<SocketException>(() => echoing.Within());
        Assert.Equal(SocketError.OperationAborted, end.SocketErrorCode);
    }

    [Theory]
    [MemberData(nameof(All))]
    public async Task Datagrams_stay_apart_whatever_their_size_and_say_when_they_were_cut(EngineKind engine, CompletionScheduling scheduling)
    {
        await using var port = new TestPort(engine, scheduling);
        await using RxDatagramSocket whole = port.Datagrams();
        await using RxDatagramSocket cut = port.Datagrams(static options => options.MaxDatagramSize = 1000);
        using Socket peer = Peers.Datagrams();
        int[] sizes = [0, 1, 999, 1000, 1001, 0, 1500, 16_384, 65_507, 3];
        foreach (RxDatagramSocket socket in (RxDatagramSocket[])[whole, cut])
        {
            int limit = socket == whole ? 65_507 : 1000;
            IAsyncEnumerator<ReceivedDatagram> reader = socket.ReceiveAllAsync().GetAsyncEnumerator();
            foreach (int size in sizes)
            {
                byte[] sent = new byte[size];
                new Random(size).NextBytes(sent);
                await peer.SendToAsync(sent, socket.LocalEndPoint).Within();
                Assert.True(await reader.MoveNextAsync().AsTask().Within());
                Assert.Equal(sent.AsSpan(0, Math.Min(size, limit)), reader.Current.Memory.Span);
                Assert.Equal(size > limit, reader.Current.Truncated);
                Assert.Equal(peer.LocalEndPoint, reader.Current.RemoteEndPoint);
            }

            await reader.DisposeAsync();
        }

        Assert.Equal((0L, 4L), (whole.DatagramsTruncated, cut.DatagramsTruncated));
    }

    [Theory]
    [MemberData(nameof(All))]
    public async Task Ip6_and_both_families_on_one_socket(EngineKind engine, CompletionScheduling scheduling)
    {
        Assert.SkipUnless(Socket.OSSupportsIPv6, "There is no IPv6 on this machine.");
        await using var port = new TestPort(engine, scheduling);
        await using RxDatagramSocket only6 = port.Datagrams(static options => options.DualMode = false, new IPEndPoint(IPAddress.IPv6Loopback, 0));
        await using RxDatagramSocket dual = port.Datagrams(endPoint: new IPEndPoint(IPAddress.IPv6Any, 0));
        using Socket peer6 = Peers.Datagrams(IPAddress.IPv6Loopback);
        using Socket peer4 = Peers.Datagrams();

        IPEndPoint seen = await ExchangeAsync(only6, peer6, only6.LocalEndPoint);
        Assert.Equal(peer6.LocalEndPoint, seen);
        seen = await ExchangeAsync(dual, peer6, new IPEndPoint(IPAddress.IPv6Loopback, dual.LocalEndPoint.Port));
        Assert.Equal(peer6.LocalEndPoint, seen);
        seen = await ExchangeAsync(dual, peer4, new IPEndPoint(IPAddress.Loopback, dual.LocalEndPoint.Port));
        Assert.Equal(new IPEndPoint(IPAddress.Loopback.MapToIPv6(), ((IPEndPoint)peer4.LocalEndPoint!).Port), seen);
        // And to an IPv4 endpoint as people write it.
        await dual.SendToAsync("four"u8.ToArray(), peer4.LocalEndPoint!);
        Assert.Equal("four"u8.ToArray(), await peer4.ReceiveDatagramAsync());

        await using RxDatagramSocket only4 = port.Datagrams();
        foreach (EndPoint wrong in (EndPoint[])[peer6.LocalEndPoint!, new DnsEndPoint("localhost", 1)])
        {
            var error = await Assert.ThrowsAsync<SocketException>(() => only4.SendToAsync(new byte[1], wrong).AsTask());
            Assert.Equal(SocketError.AddressFamilyNotSupported, error.SocketErrorCode);
        }
    }

    [Theory]
    [MemberData(nameof(All))]
    public async Task A_connected_socket_hears_only_its_peer(EngineKind engine, CompletionScheduling scheduling)
    {
        await using var port = new TestPort(engine, scheduling);
        await using RxDatagramSocket socket = port.Datagrams();
        var unconnected = await Assert.ThrowsAsync<SocketException>(() => socket.SendAsync(new byte[1]).AsTask());
        Assert.Equal(SocketError.NotConnected, unconnected.SocketErrorCode);
        Assert.Null(socket.RemoteEndPoint);
        using Socket first = Peers.Datagrams();
        using Socket second = Peers.Datagrams();
        foreach ((Socket peer, Socket other) in ((Socket, Socket)[])[(first, second), (second, first)])
        {
            await socket.ConnectAsync(peer.LocalEndPoint!).AsTask().Within();
            Assert.Equal(peer.LocalEndPoint, socket.RemoteEndPoint);
            await socket.SendAsync("hello"u8.ToArray()).AsTask().Within();
            Assert.Equal("hello"u8.ToArray(), await peer.ReceiveDatagramAsync());
            await other.SendToAsync("not heard"u8.ToArray(), socket.LocalEndPoint).Within();
            await peer.SendToAsync("heard"u8.ToArray(), socket.LocalEndPoint).Within();
            ReceivedDatagram heard = await socket.Received.Do(static datagram => Assert.Equal("heard"u8, datagram.Memory.Span)).FirstAsync().ToTask().Within();
            Assert.Equal(peer.LocalEndPoint, heard.RemoteEndPoint);
        }
    }

    [Theory]
    [MemberData(nameof(All))]
    public async Task Port_unreachable_is_counted_and_ends_nothing(EngineKind engine, CompletionScheduling scheduling)
    {
        await using var port = new TestPort(engine, scheduling);
        await using RxDatagramSocket socket = port.Datagrams();
        EndPoint gone;
        using (Socket nobody = Peers.Datagrams())
            gone = nobody.LocalEndPoint!;
        await socket.ConnectAsync(gone);
        IAsyncEnumerator<ReceivedDatagram> reader = socket.ReceiveAllAsync().GetAsyncEnumerator();
        Task<bool> pending = reader.MoveNextAsync().AsTask();
        int failed = 0;
        // Each refusal is told to the receive or to the next send, whichever meets it first.
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        while (socket.NetworkErrors < 5)
        {
            deadline.Token.ThrowIfCancellationRequested();
            try
            {
                await socket.SendAsync("anybody?"u8.ToArray()).AsTask().Within();
            }
            catch (SocketException error)
            {
                Assert.Equal(SocketError.ConnectionRefused, error.SocketErrorCode);
                failed++;
            }
        }

        Assert.False(pending.IsCompleted);
        Assert.InRange(failed, 0, socket.NetworkErrors);
        await socket.DisposeAsync();
        Assert.Equal(SocketError.OperationAborted, (await Assert.ThrowsAsync<SocketException>(() => pending.Within())).SocketErrorCode);
        await reader.DisposeAsync();
    }

    [Theory]
    [MemberData(nameof(All))]
    public async Task After_port_unreachable_datagrams_are_received(EngineKind engine, CompletionScheduling scheduling)
    {
        await Testing.Wine.SkipIfUnreachableStopsReceivingAsync();
        await using var port = new TestPort(engine, scheduling);
        await using RxDatagramSocket socket = port.Datagrams();
        EndPoint gone;
        using (Socket nobody = Peers.Datagrams())
            gone = nobody.LocalEndPoint!;
        await socket.ConnectAsync(gone);
        IAsyncEnumerator<ReceivedDatagram> reader = socket.ReceiveAllAsync().GetAsyncEnumerator();
        Task<bool> pending = reader.MoveNextAsync().AsTask();
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        while (socket.NetworkErrors == 0)
        {
            deadline.Token.ThrowIfCancellationRequested();
            _ = await Record.ExceptionAsync(() => socket.SendAsync("anybody?"u8.ToArray()).AsTask().Within());
        }

        using Socket late = Peers.Datagrams(port: ((IPEndPoint)gone).Port);
        await late.SendToAsync("here"u8.ToArray(), socket.LocalEndPoint).Within();
        Assert.True(await pending.Within());
        Assert.Equal("here"u8, reader.Current.Memory.Span);
        await reader.DisposeAsync();
    }

    [Theory]
    [MemberData(nameof(All))]
    public async Task A_datagram_that_is_too_long_fails_alone(EngineKind engine, CompletionScheduling scheduling)
    {
        await using var port = new TestPort(engine, scheduling);
        await using RxDatagramSocket socket = port.Datagrams();
        using Socket peer = Peers.Datagrams();
        var sends = new List<Task>();
        for (int i = 0; i < 5; i++)
            sends.Add(socket.SendToAsync(new byte[i == 2 ? 70_000 : i + 1], peer.LocalEndPoint!).AsTask());
        var error = await Assert.ThrowsAsync<SocketException>(() => sends[2].Within());
        Assert.Equal(SocketError.MessageSize, error.SocketErrorCode);
        foreach (int length in (int[])[1, 2, 4, 5])
            Assert.Equal(length, (await peer.ReceiveDatagramAsync()).Length);
        await Task.WhenAll(sends.Where((_, i) => i != 2)).Within();
    }

    [Theory]
    [MemberData(nameof(All))]
    public async Task Multicast_on_the_loopback_interface(EngineKind engine, CompletionScheduling scheduling)
    {
        Testing.Wine.SkipIfInterfacesHaveNoNumbers();
        Assert.SkipWhen(engine == EngineKind.Simulated, NoGroups);
        await using var port = new TestPort(engine, scheduling);
        var group = IPAddress.Parse("239.77.1.2");
        int loopback = Peers.LoopbackIndex;
        await using RxDatagramSocket first = port.Datagrams(static options => options.ReuseAddress = true, new IPEndPoint(IPAddress.Any, 0));
        await using RxDatagramSocket second = port.Datagrams(static options => options.ReuseAddress = true, first.LocalEndPoint);
        await using RxDatagramSocket sender = port.Datagrams(endPoint: new IPEndPoint(IPAddress.Any, 0));
        var to = new IPEndPoint(group, first.LocalEndPoint.Port);
        sender.SetMulticastInterface(loopback);
        sender.MulticastTimeToLive = 3;
        Assert.Equal(3, sender.MulticastTimeToLive);
        Assert.True(sender.MulticastLoopback);
        first.JoinMulticastGroup(group, loopback);
        second.JoinMulticastGroup(group, loopback);
        Assert.Throws<SocketException>(() => first.JoinMulticastGroup(group, loopback));

        await sender.SendToAsync("to both"u8.ToArray(), to);
        Assert.Equal("to both", await FirstTextAsync(first));
        Assert.Equal("to both", await FirstTextAsync(second));

        // Who left hears no more, although another socket of the machine is still a member.
        second.LeaveMulticastGroup(group, loopback);
        var notJoined = Assert.Throws<SocketException>(() => second.LeaveMulticastGroup(group, loopback));
        Assert.Equal(SocketError.AddressNotAvailable, notJoined.SocketErrorCode);
        await sender.SendToAsync("to one"u8.ToArray(), to);
        Assert.Equal("to one", await FirstTextAsync(first));
        // The port is shared, so a unicast datagram reaches one of the two: sent until it was the second one.
        Assert.Equal(1, second.DatagramsReceived);
        using Socket peer = Peers.Datagrams();
        Task<string> next = FirstTextAsync(second);
        _ = FirstTextAsync(first).ContinueWith(static task => task.Exception, TaskScheduler.Default);
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        while (!next.IsCompleted)
        {
            deadline.Token.ThrowIfCancellationRequested();
            await peer.SendToAsync("unicast"u8.ToArray(), new IPEndPoint(IPAddress.Loopback, to.Port)).Within();
            using Socket other = Peers.Datagrams();
            await other.SendToAsync("unicast"u8.ToArray(), new IPEndPoint(IPAddress.Loopback, to.Port)).Within();
            await Task.Yield();
        }

        Assert.Equal("unicast", await next.Within());
        sender.MulticastLoopback = false;
        Assert.False(sender.MulticastLoopback);
    }

    [Theory]
    [MemberData(nameof(All))]
    public async Task Multicast_over_ip6(EngineKind engine, CompletionScheduling scheduling)
    {
        Assert.SkipWhen(engine == EngineKind.Simulated, NoGroups);
        Assert.SkipUnless(Peers.Ip6MulticastIndex > 0, "No interface of this machine carries IPv6 multicast.");
        await using var port = new TestPort(engine, scheduling);
        // Of interface-local scope: it never leaves the machine.
        var group = IPAddress.Parse("ff01::77:1");
        int index = Peers.Ip6MulticastIndex;
        await using RxDatagramSocket receiver = port.Datagrams(endPoint: new IPEndPoint(IPAddress.IPv6Any, 0));
        await using RxDatagramSocket sender = port.Datagrams(endPoint: new IPEndPoint(IPAddress.IPv6Any, 0));
        receiver.JoinMulticastGroup(group, index);
        sender.SetMulticastInterface(index);
        sender.MulticastTimeToLive = 2;
        sender.TimeToLive = 9;
        Assert.Equal((2, 9), (sender.MulticastTimeToLive, sender.TimeToLive));
        await sender.SendToAsync("six"u8.ToArray(), new IPEndPoint(group, receiver.LocalEndPoint.Port));
        Assert.Equal("six", await FirstTextAsync(receiver));
    }

    [Theory]
    [MemberData(nameof(All))]
    public async Task Options_are_set_and_bad_ones_are_named(EngineKind engine, CompletionScheduling scheduling)
    {
        await using var port = new TestPort(engine, scheduling);
        await using RxDatagramSocket socket = port.Datagrams(static options =>
        {
            options.ReceiveBufferSize = 300_000;
            options.SendBufferSize = 100_000;
            options.Broadcast = true;
        });
        // The kernel gives what was asked, its double, or its own limit.
        Assert.InRange(socket.ReceiveBufferSize, 200_000, 600_000);
        Assert.InRange(socket.SendBufferSize, 100_000, 200_000);
        socket.SendBufferSize = 50_000;
        Assert.InRange(socket.SendBufferSize, 50_000, 100_000);
        if (engine != EngineKind.Simulated)
            Assert.False(socket.SafeHandle.IsInvalid);
        var inUse = Assert.Throws<SocketException>(() => port.Datagrams(endPoint: socket.LocalEndPoint));
        Assert.Equal(SocketError.AddressAlreadyInUse, inUse.SocketErrorCode);
        // Wine binds a datagram socket to an address that is not here, also a plain one.
        var elsewhere = new IPEndPoint(IPAddress.Parse("192.0.2.1"), 0);
        if (!Testing.Wine.IsHere || !PlainSocketBindsTo(elsewhere))
            Assert.Equal(SocketError.AddressNotAvailable, Assert.Throws<SocketException>(() => port.Datagrams(endPoint: elsewhere)).SocketErrorCode);
        var family = Assert.Throws<SocketException>(() => port.Datagrams(endPoint: new DnsEndPoint("localhost", 0)));
        Assert.Equal(SocketError.AddressFamilyNotSupported, family.SocketErrorCode);
        Assert.Throws<ArgumentOutOfRangeException>(() => port.Datagrams(static options => options.MaxDatagramSize = 0));
        Assert.Equal(1, port.Port.Core.MemberCount);
        await socket.DisposeAsync();
        await socket.DisposeAsync();
        Assert.Throws<ObjectDisposedException>(() => socket.ReceiveBufferSize);
        await Assert.ThrowsAsync<ObjectDisposedException>(() => socket.SendToAsync(new byte[1], socket.LocalEndPoint).AsTask());
        await Assert.ThrowsAsync<ObjectDisposedException>(() => socket.ConnectAsync(socket.LocalEndPoint).AsTask());
    }

    private static bool PlainSocketBindsTo(EndPoint endPoint)
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        try
        {
            socket.Bind(endPoint);
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }

    private static async Task<string> FirstTextAsync(RxDatagramSocket socket) =>
        await socket.Received.Select(static datagram => Encoding.ASCII.GetString(datagram.Memory.Span)).FirstAsync().ToTask().Within();

    private static async Task<IPEndPoint> ExchangeAsync(RxDatagramSocket socket, Socket peer, EndPoint to)
    {
        await peer.SendToAsync("ping"u8.ToArray(), to).Within();
        await foreach (ReceivedDatagram datagram in socket.ReceiveAllAsync())
        {
            Assert.Equal("ping"u8, datagram.Memory.Span);
            await socket.SendToAsync("pong"u8.ToArray(), datagram.RemoteEndPoint).AsTask().Within();
            Assert.Equal("pong"u8.ToArray(), await peer.ReceiveDatagramAsync());
            return datagram.RemoteEndPoint;
        }

        throw new InvalidOperationException();
    }
}
