using System.Net;
using System.Net.Sockets;
using Pipelines.Sockets.Unofficial;

namespace RxSockets.Benchmarks.Servers;

/// <summary>Pipelines.Sockets.Unofficial: accepted by System.Net.Sockets, then a pair of pipes.</summary>
internal sealed class PipelinesServer : IServer
{
    private readonly Socket _listener;

    private PipelinesServer(Socket listener) => _listener = listener;

    public EndPoint EndPoint => _listener.LocalEndPoint!;

    public static Task<IServer> StartAsync(ServeOptions options)
    {
        var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(options.Listen);
        listener.Listen(ServeOptions.Backlog);
        _ = AcceptAsync(listener, options);
        return Task.FromResult<IServer>(new PipelinesServer(listener));
    }

    public ValueTask DisposeAsync()
    {
        _listener.Dispose();
        return ValueTask.CompletedTask;
    }

    private static async Task AcceptAsync(Socket listener, ServeOptions options)
    {
        while (true)
        {
            Socket socket = await listener.AcceptAsync();
            SocketConnection.SetRecommendedServerOptions(socket);
            _ = ServeAsync(SocketConnection.Create(socket), options);
        }
    }

    private static async Task ServeAsync(SocketConnection connection, ServeOptions options)
    {
        using (connection)
        {
            try
            {
                await PipeHandlers.RunAsync(connection, options);
                // Disposing does not wait for what is still to be sent: the peer's FIN says that it has all.
                await PipeHandlers.SinkAsync(connection.Input);
            }
            catch (Exception error) when (error is SocketException or ConnectionResetException or ConnectionAbortedException or InvalidOperationException)
            {
            }

            await connection.Input.CompleteAsync();
        }
    }
}
