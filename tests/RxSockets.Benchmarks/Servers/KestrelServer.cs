using System.Net;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

namespace RxSockets.Benchmarks.Servers;

/// <summary>Kestrel's socket transport with its default settings, without Kestrel.</summary>
internal sealed class KestrelServer : IServer
{
    private readonly IConnectionListener _listener;

    private KestrelServer(IConnectionListener listener) => _listener = listener;

    public EndPoint EndPoint => _listener.EndPoint;

    public static async Task<IServer> StartAsync(ServeOptions options)
    {
        var transport = new SocketTransportOptions { Backlog = ServeOptions.Backlog };
        IConnectionListener listener = await new SocketTransportFactory(Options.Create(transport), NullLoggerFactory.Instance).BindAsync(options.Listen);
        _ = AcceptAsync(listener, options);
        return new KestrelServer(listener);
    }

    public ValueTask DisposeAsync() => _listener.DisposeAsync();

    private static async Task AcceptAsync(IConnectionListener listener, ServeOptions options)
    {
        while (await listener.AcceptAsync() is { } connection)
            _ = ServeAsync(connection, options);
    }

    private static async Task ServeAsync(ConnectionContext connection, ServeOptions options)
    {
        await using (connection)
        {
            await PipeHandlers.RunAsync(connection.Transport, options);
            await connection.Transport.Input.CompleteAsync();
        }
    }
}
