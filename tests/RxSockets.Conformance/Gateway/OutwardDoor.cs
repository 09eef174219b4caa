using System.Net;
using System.Net.Sockets;

namespace RxSockets.Conformance;

/// <summary>A listener of the simulation at the endpoint of a plain one: who comes is connected there, one after the other, from the endpoint that it has.</summary>
internal sealed class OutwardDoor
{
    private readonly SimulatedGateway _gateway;
    private readonly EndPoint _endPoint;
    private readonly RxListener _listener;

    public OutwardDoor(SimulatedGateway gateway, EndPoint endPoint)
    {
        _gateway = gateway;
        _endPoint = endPoint;
        _listener = RxListener.Bind(endPoint, new ListenerOptions { CompletionPort = gateway.Port });
        Running = gateway.Observed(RunAsync());
    }

    public Task Running { get; }

    /// <summary>At once: whoever connects from now on is refused.</summary>
    public void Close() => _ = _listener.DisposeAsync();

    private async Task RunAsync()
    {
        await foreach (RxConnection connection in _listener.AcceptAllAsync())
            await LetOutAsync(connection);
    }

    private async Task LetOutAsync(RxConnection connection)
    {
        Socket socket = Peers.CreateFor(_endPoint);
        try
        {
            socket.ReceiveBufferSize = socket.SendBufferSize = InwardDoor.KernelBuffer;
            // Another simulation may have the same number, to another listener.
            socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.ReuseAddress, true);
            socket.Bind(connection.RemoteEndPoint!);
            await socket.ConnectAsync(_endPoint, _gateway.Ended);
            _gateway.Join(socket, connection);
        }
        catch (Exception error) when (error is SocketException { SocketErrorCode: SocketError.ConnectionRefused or SocketError.ConnectionReset } or OperationCanceledException)
        {
            // The plain listener is gone, or the case.
            connection.Abort();
            await connection.DisposeAsync();
            socket.Dispose();
        }
    }
}
