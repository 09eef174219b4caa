using System.Net;
using System.Net.Sockets;

namespace RxSockets.Conformance;

/// <summary>A datagram socket of the simulation at the endpoint of a plain one: what the simulation sends there leaves by the door of whoever sent it.</summary>
internal sealed class DatagramStandIn
{
    private readonly SimulatedGateway _gateway;
    private readonly IPEndPoint _peer;
    private readonly RxDatagramSocket _socket;
    private readonly Task _running;

    public DatagramStandIn(SimulatedGateway gateway, IPEndPoint peer)
    {
        _gateway = gateway;
        _peer = peer;
        _socket = RxDatagramSocket.Bind(peer, new DatagramOptions { CompletionPort = gateway.Port, DualMode = false, ReceiveBufferSize = DatagramDoor.KernelBuffer });
        _running = gateway.Observed(RunAsync());
    }

    public async Task SendAsync(ReadOnlyMemory<byte> datagram, EndPoint to)
    {
        try
        {
            await _socket.SendToAsync(datagram, to);
        }
        catch (Exception error) when (error is ObjectDisposedException or SocketException { SocketErrorCode: SocketError.OperationAborted })
        {
            // The plain socket was closed at that moment, or the case ended.
        }
    }

    public async Task CloseAsync()
    {
        await _socket.DisposeAsync();
        await _running;
    }

    private async Task RunAsync()
    {
        try
        {
            await foreach (ReceivedDatagram datagram in _socket.ReceiveAllAsync())
            {
                if (_gateway.FindDatagramDoor(datagram.RemoteEndPoint.Port) is { } door)
                    await door.SendAsync(datagram.Memory, _peer);
            }
        }
        catch (SocketException error) when (error.SocketErrorCode == SocketError.OperationAborted)
        {
            // Closed.
        }
    }
}
