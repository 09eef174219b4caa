using System.Buffers;
using System.Net;
using System.Net.Sockets;

namespace RxSockets.Conformance;

/// <summary>Endpoints and memory of kinds that an engine does not know: the caller hears of it, and no thread of the engine stumbles.</summary>
public class StrangeArgumentTests
{
    public static TheoryData<EngineKind, CompletionScheduling> All => Engines.All;

    private static readonly DnsEndPoint s_name = new("localhost", 0, AddressFamily.InterNetwork);

    [Theory]
    [MemberData(nameof(All))]
    public async Task An_endpoint_that_is_no_address_is_refused(EngineKind engine, CompletionScheduling scheduling)
    {
        await using var port = new TestPort(engine, scheduling);
        using Socket listener = Peers.Listen();
        EndPoint good = listener.LocalEndPoint!;
        EndPoint[] strange = [new DnsEndPoint("localhost", 0), s_name, new IPEndPoint(IPAddress.IPv6Loopback, 0)];
        foreach (EndPoint local in strange)
            await Refused(() => RxConnection.ConnectAsync(good, default, new ConnectOptions { CompletionPort = port.Port, LocalEndPoint = local }));
        await Refused(() => port.ConnectAsync(s_name));
    }

    [Theory]
    [MemberData(nameof(All))]
    public async Task A_kept_handle_survives_an_endpoint_that_is_no_address(EngineKind engine, CompletionScheduling scheduling)
    {
        if (engine == EngineKind.Iocp)
            Testing.Wine.SkipIfHandlesStayUsed();
        await using var port = new TestPort(engine, scheduling);
        using Socket listener = Peers.Listen();
        EndPoint good = listener.LocalEndPoint!;
        await using RxConnection connection = await port.ConnectAsync(good).Within();
        using (Socket peer = await listener.AcceptAsync())
        {
            peer.Shutdown(SocketShutdown.Send);
            Assert.True(await connection.DisconnectAsync(reuseSocket: true).Within());
        }

        await Refused(async () =>
        {
            await connection.ReconnectAsync(s_name);
            return connection;
        });
        await connection.ReconnectAsync(good).Within();
        (await listener.AcceptAsync()).Dispose();
    }

    [Theory]
    [MemberData(nameof(All))]
    public async Task Memory_whose_owner_throws_fails_its_own_operation(EngineKind engine, CompletionScheduling scheduling)
    {
        await using var port = new TestPort(engine, scheduling);
        using Socket listener = Peers.Listen();
        var connect = await Assert.ThrowsAsync<SocketException>(() => port.ConnectAsync(listener.LocalEndPoint!, new Disposed().Memory).Within());
        Assert.Equal(SocketError.Fault, connect.SocketErrorCode);
        Assert.Contains("the pool's block", connect.Message, StringComparison.Ordinal);

        (RxConnection connection, Socket peer) = await port.AcceptPeerAsync();
        var send = await Assert.ThrowsAsync<SocketException>(() => connection.SendAsync(new Disposed().Memory).Within());
        Assert.Equal(SocketError.Fault, send.SocketErrorCode);
        var transmit = await Assert.ThrowsAsync<TransmitException>(
            () => connection.TransmitFileAsync(null, new FileTransmitOptions { Head = new Disposed().Memory }).Within());
        Assert.Equal((SocketError.Fault, 0), (transmit.SocketErrorCode, transmit.BytesTransmitted));

        // Behind one that fills the socket, so that it is the loop that stumbles.
        Task large = connection.SendAsync(new byte[8 << 20]).AsTask();
        Task bad = connection.SendAsync(new Disposed().Memory).AsTask();
        Task good = connection.SendAsync("end"u8.ToArray()).AsTask();
        byte[] received = await peer.ReceiveExactlyAsync((8 << 20) + 3);
        Assert.Equal("end"u8.ToArray(), received[^3..]);
        await large.Within();
        await good.Within();
        Assert.Equal(SocketError.Fault, (await Assert.ThrowsAsync<SocketException>(() => bad.Within())).SocketErrorCode);
        peer.Dispose();
        await connection.DisposeAsync();
    }

    private static async Task Refused(Func<ValueTask<RxConnection>> connect)
    {
        var error = await Assert.ThrowsAsync<SocketException>(() => connect().Within());
        Assert.Equal(SocketError.AddressFamilyNotSupported, error.SocketErrorCode);
    }

    private sealed class Disposed : MemoryManager<byte>
    {
        public override Memory<byte> Memory => CreateMemory(3);

        public override Span<byte> GetSpan() => throw new ObjectDisposedException("the pool's block");

        public override MemoryHandle Pin(int elementIndex = 0) => throw new ObjectDisposedException("the pool's block");

        public override void Unpin()
        {
        }

        protected override void Dispose(bool disposing)
        {
        }
    }
}
