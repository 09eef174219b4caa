using System.Net;
using System.Net.Sockets;
using RxSockets.Testing;

namespace RxSockets.Tests.Simulation;

/// <summary>Where the simulated engine was unlike a kernel, found when the conformance suite came to run on it.</summary>
public class SimulatedContractTests
{
    [Fact]
    public Task The_age_of_a_connection_counts_its_time_in_the_backlog() => OnAHostAsync(static async (network, port, connect) =>
    {
        await using RxListener listener = RxListener.Bind(new IPEndPoint(IPAddress.Loopback, 0), new ListenerOptions { CompletionPort = port });
        await using RxConnection client = await RxConnection.ConnectAsync(listener.LocalEndPoint, default, connect);
        await Task.Delay(TimeSpan.FromSeconds(10), network.TimeProvider);
        await using RxConnection accepted = await listener.AcceptAsync();
        Assert.Equal(client.ConnectTime, accepted.ConnectTime);
        Assert.Equal(TimeSpan.FromSeconds(10), accepted.ConnectTime);
    });

    [Fact]
    public Task A_listener_on_one_loopback_address_does_not_hear_another() => OnAHostAsync(static async (_, port, connect) =>
    {
        await using RxListener listener = RxListener.Bind(new IPEndPoint(IPAddress.Loopback, 0), new ListenerOptions { CompletionPort = port });
        int number = ((IPEndPoint)listener.LocalEndPoint).Port;
        await FailsAsync(SocketError.ConnectionRefused, new IPEndPoint(IPAddress.Parse("127.0.0.2"), number), connect);
        // To no address in particular is to loopback.
        await using RxConnection client = await RxConnection.ConnectAsync(new IPEndPoint(IPAddress.Any, number), default, connect);
    });

    [Fact]
    public Task A_local_endpoint_that_a_listener_has_is_in_use() => OnAHostAsync(static async (_, port, connect) =>
    {
        await using RxListener listener = RxListener.Bind(new IPEndPoint(IPAddress.Loopback, 0), new ListenerOptions { CompletionPort = port });
        connect.LocalEndPoint = listener.LocalEndPoint;
        await FailsAsync(SocketError.AddressAlreadyInUse, listener.LocalEndPoint, connect);
    });

    [Fact]
    public Task A_Unix_path_that_is_not_there_is_no_address_and_an_abstract_name_is_refused() => OnAHostAsync(static async (_, _, connect) =>
    {
        Assert.SkipUnless(Socket.OSSupportsUnixDomainSockets, "There are no Unix sockets here, and no endpoints for them.");
        await FailsAsync(SocketError.AddressNotAvailable, new UnixDomainSocketEndPoint("/nonexistent/rx.sock"), connect);
        await FailsAsync(SocketError.ConnectionRefused, new UnixDomainSocketEndPoint("\0nobody"), connect);
    });

    /// <summary>The refusal and the cancel set out at the same moment: one completion, whichever is first.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_connect_that_is_refused_while_it_is_cancelled_completes_once(bool anyOrder)
    {
        for (int seed = 0; seed < 50; seed++)
        {
            var faults = new SimulatedFaults { Reordering = anyOrder ? 0.5 : 0 };
            await OnAHostAsync(
                static async (network, port, connect) =>
                {
                    for (int i = 0; i < 20; i++)
                    {
                        using var cancel = new CancellationTokenSource();
                        Task<RxConnection> connecting = RxConnection.ConnectAsync(new IPEndPoint(IPAddress.Loopback, 9), default, connect, cancel.Token).AsTask();
                        await Task.Delay(TimeSpan.FromTicks(i % 3), network.TimeProvider);
                        cancel.Cancel();
                        Assert.True(await Record.ExceptionAsync(() => connecting) is SocketException { SocketErrorCode: SocketError.ConnectionRefused } or OperationCanceledException);
                    }

                    Assert.Equal(0, port.Core.Engine.Statistics.StaleCompletions);
                },
                seed,
                new SimulatedNetworkOptions { Faults = faults });
        }
    }

    [Theory]
    [InlineData(0, 300)]
    [InlineData(10_000, 5)]
    public Task Datagrams_beyond_the_receive_buffer_are_lost(int receiveBuffer, int kept) => OnAHostAsync(async (network, port, _) =>
    {
        // Each counts 768 bytes more than it has. Nobody reads before all have come.
        RxDatagramSocket Bind() => RxDatagramSocket.Bind(
            new IPEndPoint(IPAddress.Loopback, 0), new DatagramOptions { CompletionPort = port, ReceiveBufferSize = receiveBuffer });
        await using RxDatagramSocket from = Bind(), to = Bind();
        if (receiveBuffer > 0)
            Assert.Equal(receiveBuffer, to.ReceiveBufferSize);
        for (int i = 0; i < 300; i++)
            await from.SendToAsync(BitConverter.GetBytes(i).Concat(new byte[996]).ToArray(), to.LocalEndPoint);
        await Task.Delay(TimeSpan.FromSeconds(1), network.TimeProvider);
        IAsyncEnumerator<ReceivedDatagram> reader = to.ReceiveAllAsync().GetAsyncEnumerator();
        for (int i = 0; i < kept; i++)
        {
            Assert.True(await reader.MoveNextAsync());
            Assert.Equal(i, BitConverter.ToInt32(reader.Current.Memory.Span));
        }

        // There is room again.
        ValueTask<bool> next = reader.MoveNextAsync();
        await from.SendToAsync(BitConverter.GetBytes(-1), to.LocalEndPoint);
        Assert.True(await next);
        Assert.Equal(-1, BitConverter.ToInt32(reader.Current.Memory.Span));
        await reader.DisposeAsync();
    });

    [Fact]
    public Task A_refusal_is_heard_of_the_connected_peer_only_and_by_a_send_too() => OnAHostAsync(static async (network, port, _) =>
    {
        RxDatagramSocket Bind() => RxDatagramSocket.Bind(new IPEndPoint(IPAddress.Loopback, 0), new DatagramOptions { CompletionPort = port });
        RxDatagramSocket nobody = Bind();
        EndPoint gone = nobody.LocalEndPoint;
        await nobody.DisposeAsync();
        await Task.Delay(TimeSpan.FromSeconds(1), network.TimeProvider);
        await using RxDatagramSocket socket = Bind(), peer = Bind();
        await socket.ConnectAsync(peer.LocalEndPoint);
        await socket.SendToAsync(new byte[1], gone);
        await Task.Delay(TimeSpan.FromSeconds(1), network.TimeProvider);
        await socket.SendAsync(new byte[1]);
        Assert.Equal(0, socket.NetworkErrors);

        // Nobody receives, so the next send is told; it is not sent, and the one behind it is.
        await socket.ConnectAsync(gone);
        await socket.SendAsync(new byte[1]);
        await Task.Delay(TimeSpan.FromSeconds(1), network.TimeProvider);
        var error = await Assert.ThrowsAsync<SocketException>(async () => await socket.SendAsync(new byte[1]));
        Assert.Equal(SocketError.ConnectionRefused, error.SocketErrorCode);
        Assert.Equal(1, socket.NetworkErrors);
        await socket.SendAsync(new byte[1]);
    });

    private static async Task FailsAsync(SocketError expected, EndPoint remote, ConnectOptions options)
    {
        var error = await Assert.ThrowsAsync<SocketException>(async () => await RxConnection.ConnectAsync(remote, default, options));
        Assert.Equal(expected, error.SocketErrorCode);
    }

    private static Task OnAHostAsync(Func<SimulatedNetwork, CompletionPort, ConnectOptions, Task> body, int seed = 1, SimulatedNetworkOptions? options = null)
    {
        var network = new SimulatedNetwork(seed, options);
        SimulatedHost host = network.AddHost("host");
        return network.RunAsync(
            async () =>
            {
                await using CompletionPort port = host.CreatePort();
                await body(network, port, new ConnectOptions { CompletionPort = port });
            },
            TimeSpan.FromMinutes(1));
    }
}
