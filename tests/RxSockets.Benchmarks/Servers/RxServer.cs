using System.Net;
using System.Net.Sockets;
using System.Reactive.Linq;
using Microsoft.Win32.SafeHandles;

namespace RxSockets.Benchmarks.Servers;

/// <summary>RxSockets as its README teaches it: a handler per connection.</summary>
internal sealed class RxServer : IServer
{
    private readonly CompletionPort _port;
    private readonly IAsyncDisposable _socket;
    private readonly SafeFileHandle? _file;

    private RxServer(CompletionPort port, IAsyncDisposable socket, EndPoint endPoint, SafeFileHandle? file = null) =>
        (_port, _socket, EndPoint, _file) = (port, socket, endPoint, file);

    public EndPoint EndPoint { get; }

    public static Task<IServer> StartAsync(ServeOptions options, EngineKind engine, CompletionScheduling scheduling)
    {
        var port = CompletionPort.Create(new CompletionPortOptions { Engine = engine, Scheduling = scheduling, Loops = 1 });
        if (options.Service == Service.Datagram)
        {
            RxDatagramSocket datagrams = RxDatagramSocket.Bind(options.Listen, new DatagramOptions { CompletionPort = port });
            _ = EchoDatagramsAsync(datagrams);
            return Task.FromResult<IServer>(new RxServer(port, datagrams, datagrams.LocalEndPoint));
        }

        SafeFileHandle? file = options.Service == Service.File ? File.OpenHandle(options.Path, options: FileOptions.SequentialScan) : null;
        RxListener listener = RxListener.Bind(options.Listen, new ListenerOptions
        {
            Backlog = ServeOptions.Backlog, CompletionPort = port, FirstDataBytes = options.Service == Service.Accept ? ServeOptions.FirstBytes : 0,
        });
        if (options.Service == Service.ReplyMerged)
            ReplyMerged(listener);
        else
            _ = listener.AcceptAllAsync().ForEachConnectionAsync(Handler(options.Service, file), static (_, error) => Report(error));
        return Task.FromResult<IServer>(new RxServer(port, listener, listener.LocalEndPoint, file));
    }

    public async ValueTask DisposeAsync()
    {
        await _socket.DisposeAsync();
        await _port.DisposeAsync();
        _file?.Dispose();
    }

    private static Func<RxConnection, Task> Handler(Service service, SafeFileHandle? file)
    {
        var edge = new byte[ServeOptions.EdgeBytes];
        var transmit = new FileTransmitOptions { Head = edge, Tail = edge };
        return service switch
        {
            Service.Echo => EchoAsync,
            Service.Burst => BurstAsync,
            Service.Stream => StreamAsync,
            Service.Sink => SinkAsync,
            Service.Accept => static async connection => await connection.SendAsync(connection.FirstData),
            Service.File => async connection => await connection.TransmitFileAsync(file, transmit),
            Service.ReplyAwaited => ReplyAwaitedAsync,
            Service.ReplyPulled => ReplyPulledAsync,
            _ => throw new NotSupportedException(),
        };
    }

    private static async Task EchoAsync(RxConnection connection)
    {
        await foreach (ReceivedSegment segment in connection.ReceiveAllAsync())
            await connection.SendAsync(segment.Memory);
    }

    private static async Task BurstAsync(RxConnection connection)
    {
        var answer = new byte[ServeOptions.Pieces * ServeOptions.PieceBytes];
        var pieces = new ValueTask[ServeOptions.Pieces];
        await foreach (ReceivedSegment segment in connection.ReceiveAllAsync())
        {
            if (segment.Memory.Span[0] == 'c')
            {
                await connection.SendAsync(answer);
                continue;
            }

            for (int i = 0; i < pieces.Length; i++)
                pieces[i] = connection.SendAsync(answer.AsMemory(i * ServeOptions.PieceBytes, ServeOptions.PieceBytes));
            foreach (ValueTask piece in pieces)
                await piece;
        }
    }

    private static async Task StreamAsync(RxConnection connection)
    {
        var bytes = new byte[ServeOptions.StreamBytes];
        while (true)
            await connection.SendAsync(bytes);
    }

    private static async Task SinkAsync(RxConnection connection)
    {
        await foreach (ReceivedSegment segment in connection.ReceiveAllAsync())
            _ = segment.Length;
    }

    private static async Task ReplyAwaitedAsync(RxConnection connection)
    {
        var reply = new RxReply(connection);
        Memory<byte> buffer = GC.AllocateUninitializedArray<byte>(ServeOptions.BufferBytes);
        int received;
        while ((received = await connection.ReceiveAsync(buffer)) > 0)
            reply.Send(received);
    }

    private static async Task ReplyPulledAsync(RxConnection connection)
    {
        var reply = new RxReply(connection);
        await foreach (ReceivedSegment segment in connection.ReceiveAllAsync())
            reply.Send(segment.Length);
    }

    private static void ReplyMerged(RxListener listener) =>
        listener.Accepted
            .MergeConnections(Lengths, static (_, error) => Report(error))
            .Subscribe(static received => received.Reply.Send(received.Length));

    private static IObservable<(RxReply Reply, int Length)> Lengths(RxConnection connection)
    {
        var reply = new RxReply(connection);
        return connection.Received.Select(segment => (reply, segment.Length));
    }

    private static async Task EchoDatagramsAsync(RxDatagramSocket socket)
    {
        await foreach (ReceivedDatagram datagram in socket.ReceiveAllAsync())
            await socket.SendToAsync(datagram.Memory, datagram.RemoteEndPoint);
    }

    // A peer that resets is how the load generator leaves.
    private static void Report(Exception error)
    {
        if (error is not (SocketException or ObjectDisposedException))
            Console.Error.WriteLine(error);
    }
}
