using System.Net;
using System.Net.Sockets;

namespace RxSockets.Benchmarks.Servers;

/// <summary>System.Net.Sockets as a careful .NET developer writes it: async methods, a buffer per connection.</summary>
internal sealed class SnsServer : IServer
{
    private readonly Socket _socket;

    private SnsServer(Socket socket) => _socket = socket;

    public EndPoint EndPoint => _socket.LocalEndPoint!;

    public static Task<IServer> StartAsync(ServeOptions options)
    {
        if (options.Service == Service.Datagram)
        {
            var datagrams = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
            datagrams.Bind(options.Listen);
            _ = EchoDatagramsAsync(datagrams);
            return Task.FromResult<IServer>(new SnsServer(datagrams));
        }

        Func<Socket, Task> handler = Handler(options);
        var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(options.Listen);
        listener.Listen(ServeOptions.Backlog);
        _ = AcceptAsync(listener, handler);
        return Task.FromResult<IServer>(new SnsServer(listener));
    }

    public ValueTask DisposeAsync()
    {
        _socket.Dispose();
        return ValueTask.CompletedTask;
    }

    private static Func<Socket, Task> Handler(ServeOptions options) => options.Service switch
    {
        Service.Echo => EchoAsync,
        Service.Burst => BurstAsync,
        Service.Stream => StreamAsync,
        Service.Sink => SinkAsync,
        Service.Accept => ReplyOnceAsync,
        Service.File => socket => SendFileAsync(socket, options.Path),
        _ => throw new NotSupportedException(),
    };

    private static async Task AcceptAsync(Socket listener, Func<Socket, Task> handler)
    {
        while (true)
        {
            Socket socket = await listener.AcceptAsync();
            socket.NoDelay = true;
            _ = ServeAsync(socket, handler);
        }
    }

    private static async Task ServeAsync(Socket socket, Func<Socket, Task> handler)
    {
        using (socket)
        {
            try
            {
                await handler(socket);
            }
            catch (SocketException)
            {
            }
        }
    }

    private static async Task EchoAsync(Socket socket)
    {
        Memory<byte> buffer = GC.AllocateUninitializedArray<byte>(ServeOptions.BufferBytes);
        int received;
        while ((received = await socket.ReceiveAsync(buffer, SocketFlags.None)) > 0)
            await SendAllAsync(socket, buffer[..received]);
    }

    private static async Task BurstAsync(Socket socket)
    {
        var request = new byte[1];
        var answer = new byte[ServeOptions.Pieces * ServeOptions.PieceBytes];
        var pieces = new ValueTask<int>[ServeOptions.Pieces];
        while (await socket.ReceiveAsync(request, SocketFlags.None) > 0)
        {
            if (request[0] == 'c')
            {
                await SendAllAsync(socket, answer);
                continue;
            }

            for (int i = 0; i < pieces.Length; i++)
                pieces[i] = socket.SendAsync(answer.AsMemory(i * ServeOptions.PieceBytes, ServeOptions.PieceBytes), SocketFlags.None);
            foreach (ValueTask<int> piece in pieces)
                await piece;
        }
    }

    private static async Task StreamAsync(Socket socket)
    {
        var bytes = new byte[ServeOptions.StreamBytes];
        while (true)
            await SendAllAsync(socket, bytes);
    }

    private static async Task SinkAsync(Socket socket)
    {
        // Bulk is better taken in larger pieces.
        Memory<byte> buffer = GC.AllocateUninitializedArray<byte>(4 * ServeOptions.BufferBytes);
        while (await socket.ReceiveAsync(buffer, SocketFlags.None) > 0)
        {
        }
    }

    private static async Task ReplyOnceAsync(Socket socket)
    {
        Memory<byte> buffer = new byte[ServeOptions.FirstBytes];
        int received = await socket.ReceiveAsync(buffer, SocketFlags.None);
        await SendAllAsync(socket, buffer[..received]);
    }

    private static async Task SendFileAsync(Socket socket, string path)
    {
        var edge = new byte[ServeOptions.EdgeBytes];
        await socket.SendFileAsync(path, edge, edge, TransmitFileOptions.UseDefaultWorkerThread);
        socket.Shutdown(SocketShutdown.Send);
    }

    private static async ValueTask SendAllAsync(Socket socket, ReadOnlyMemory<byte> bytes)
    {
        while (bytes.Length > 0)
            bytes = bytes[await socket.SendAsync(bytes, SocketFlags.None)..];
    }

    private static async Task EchoDatagramsAsync(Socket socket)
    {
        Memory<byte> buffer = new byte[ushort.MaxValue];
        var sender = new SocketAddress(AddressFamily.InterNetwork);
        while (true)
        {
            int received = await socket.ReceiveFromAsync(buffer, SocketFlags.None, sender);
            await socket.SendToAsync(buffer[..received], SocketFlags.None, sender);
        }
    }
}
