using System.Net;
using DotNetty.Transport.Bootstrapping;
using DotNetty.Transport.Channels;
using DotNetty.Transport.Channels.Sockets;

namespace RxSockets.Benchmarks.Servers;

/// <summary>DotNetty: a handler in the pipeline of each channel.</summary>
internal sealed class DotNettyServer : IServer
{
    private readonly IChannel _channel;

    private DotNettyServer(IChannel channel) => _channel = channel;

    public EndPoint EndPoint => _channel.LocalAddress;

    /// <summary>It has no way to send a file without reading it by hand, and its datagrams allocate per packet by design.</summary>
    public static bool Serves(Service service) => service is Service.Echo or Service.Burst or Service.Stream or Service.Sink or Service.Accept;

    public static async Task<IServer> StartAsync(ServeOptions options)
    {
        var bootstrap = new ServerBootstrap();
        bootstrap
            .Group(new MultithreadEventLoopGroup(1), new MultithreadEventLoopGroup())
            .Channel<TcpServerSocketChannel>()
            .Option(ChannelOption.SoBacklog, ServeOptions.Backlog)
            .ChildOption(ChannelOption.TcpNodelay, true)
            .ChildHandler(new ActionChannelInitializer<ISocketChannel>(channel => channel.Pipeline.AddLast(new DotNettyHandler(options.Service))));
        return new DotNettyServer(await bootstrap.BindAsync(options.Listen));
    }

    public async ValueTask DisposeAsync() => await _channel.CloseAsync();
}
