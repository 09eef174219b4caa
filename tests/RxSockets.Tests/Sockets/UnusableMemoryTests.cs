using System.Net.Sockets;
using System.Text;
using RxSockets.Sockets;
using RxSockets.Tests.Testing;

namespace RxSockets.Tests.Sockets;

/// <summary>Memory that throws when it is touched: the operation it belongs to fails, and nobody else's.</summary>
public class UnusableMemoryTests
{
    private readonly FakeEngine _engine = new();
    private readonly FakeSocket _socket;
    private readonly RxConnection _connection;

    public UnusableMemoryTests()
    {
        _socket = new FakeSocket(_engine);
        _connection = new RxConnection(new Connection(_engine.Port, _socket));
    }

    [Fact]
    public async Task An_idle_connection_goes_on_without_the_bytes()
    {
        var error = await Assert.ThrowsAsync<SocketException>(async () => await _connection.SendAsync(new UnpinnableMemory(3).Memory));
        Assert.Equal(SocketError.Fault, error.SocketErrorCode);
        Assert.Contains("the pool's block", error.Message, StringComparison.Ordinal);
        Task good = _connection.SendAsync("good"u8.ToArray()).AsTask();
        Assert.Equal("good", Encoding.ASCII.GetString(Assert.Single(_socket.Sending)));
        _socket.BringSent();
        _engine.RunAll();
        await good;
        Assert.Equal(4, _connection.BytesSent);
    }

    [Fact]
    public async Task Those_queued_beside_it_leave()
    {
        Task first = _connection.SendAsync("1"u8.ToArray()).AsTask();
        Task second = _connection.SendAsync("2"u8.ToArray()).AsTask();
        Task bad = _connection.SendAsync(new UnpinnableMemory(3).Memory).AsTask();
        Task third = _connection.SendAsync("3"u8.ToArray()).AsTask();
        var left = new StringBuilder();
        while (_socket.SendStarted)
        {
            foreach (byte[] piece in _socket.Sending)
                left.Append(Encoding.ASCII.GetString(piece));
            _socket.BringSent();
        }

        _engine.RunAll();
        Assert.Equal("123", left.ToString());
        await Task.WhenAll(first, second, third);
        Assert.Equal(SocketError.Fault, (await Assert.ThrowsAsync<SocketException>(() => bad)).SocketErrorCode);
        Assert.Equal(3, _connection.BytesSent);
    }

    [Fact]
    public async Task A_transmit_that_disconnects_takes_its_fin_with_it()
    {
        Task<TransmitResult> bad = _connection
            .TransmitFileAsync(null, new FileTransmitOptions { Head = new UnpinnableMemory(3).Memory, Flags = TransmitFlags.Disconnect }).AsTask();
        _engine.RunAll();
        var error = await Assert.ThrowsAsync<TransmitException>(() => bad);
        Assert.Equal((SocketError.Fault, 0), (error.SocketErrorCode, error.BytesTransmitted));
        Assert.Equal(0, _socket.Fins);
        Task good = _connection.SendAsync("good"u8.ToArray()).AsTask();
        _socket.BringSent();
        _engine.RunAll();
        await good;
    }
}
