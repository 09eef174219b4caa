using System.Net;
using RxSockets.Engines;
using RxSockets.Engines.Iocp;
using RxSockets.Operations;
using Microsoft.Extensions.Time.Testing;

namespace RxSockets.Tests.Engines.Iocp;

/// <summary>The real engine over <see cref="FakeWinsock"/>, with what must hold at its end.</summary>
internal sealed class FakePort : IAsyncDisposable
{
    private readonly List<Exception> _unhandled = [];
    private Exception? _thrown;

    public FakePort(Action<FakeWinsock>? configure = null, Action<CompletionPortOptions>? options = null)
    {
        configure?.Invoke(Winsock);
        var values = new CompletionPortOptions { Engine = EngineKind.Iocp, TimeProvider = Time };
        options?.Invoke(values);
        AppDomain.CurrentDomain.FirstChanceException += OnThrown;
        Engine = IocpEngine.Create(values.Validated(), _unhandled.Add, Winsock);
    }

    public FakeWinsock Winsock { get; } = new();

    public FakeTimeProvider Time { get; } = new();

    public IocpEngine Engine { get; }

    public static readonly IPEndPoint Somewhere = new(IPAddress.Parse("10.0.0.2"), 2222);

    /// <summary>A connected socket, and a record of what it tells; the calls of the connect are passed over.</summary>
    public (EngineSocket Socket, SocketRecording Told) Connect()
    {
        var told = new ConnectRecording();
        Engine.StartConnect(new ConnectRequest { Remote = Somewhere }, told);
        Winsock.Complete(Winsock.Next("ConnectEx"));
        Assert.Equal("connected 0 Success", told.Next());
        Winsock.Drain();
        var sink = new SocketRecording();
        told.Socket!.Attach(sink);
        return (told.Socket, sink);
    }

    public (EngineListener Listener, ListenerRecording Told) Listen(int pending = 2, int firstData = 0, int maxPending = 1024)
    {
        var told = new ListenerRecording();
        EngineListener listener = Engine.Listen(
            new ListenRequest
            {
                Local = new IPEndPoint(IPAddress.Parse("10.0.0.1"), 0),
                Backlog = 7,
                PendingAccepts = pending,
                DualMode = true,
                NoDelay = true,
                FirstDataBytes = firstData,
                FirstDataTimeout = TimeSpan.FromSeconds(8),
                MaxPendingFirstData = maxPending,
            },
            told);
        return (listener, told);
    }

    /// <summary>A bound datagram socket, and a record of what it tells.</summary>
    public (EngineDatagramSocket Socket, DatagramRecording Told) Datagrams(int posted = 2, int maxSize = 100, System.Collections.Concurrent.ConcurrentQueue<RxSockets.Buffers.BufferLease>? kept = null, IPEndPoint? local = null)
    {
        EngineDatagramSocket socket = Engine.BindDatagram(new DatagramRequest
        {
            Local = local ?? new IPEndPoint(IPAddress.Parse("10.0.0.1"), 0),
            MaxDatagramSize = maxSize,
            ReceiveLimit = posted,
            DualMode = false,
            ReuseAddress = false,
            Broadcast = true,
            ReceiveBufferSize = 5000,
            SendBufferSize = 6000,
        });
        var told = new DatagramRecording { Kept = kept };
        socket.Attach(told);
        return (socket, told);
    }

    public static void Close(EngineDatagramSocket socket, DatagramRecording told)
    {
        socket.Close();
        while (told.Next() != "closed")
        {
        }
    }

    /// <summary>Closes a socket and waits until that was told.</summary>
    public static void Close(EngineSocket socket, SocketRecording told)
    {
        socket.Close(abort: false);
        while (told.Next() != "closed")
        {
        }
    }

    private void OnThrown(object? sender, System.Runtime.ExceptionServices.FirstChanceExceptionEventArgs args) => _thrown = args.Exception;

    public async ValueTask DisposeAsync()
    {
        Exception? failure = _thrown;
        AppDomain.CurrentDomain.FirstChanceException -= OnThrown;
        // A test that fails leaves sockets open: its own failure is what should be seen.
        if (Winsock.OpenSockets > 0)
            throw new InvalidOperationException($"{Winsock.OpenSockets} sockets were left open. The last exception: {failure}");
        await Engine.ShutDownAsync().AsTask().WaitAsync(TimeSpan.FromSeconds(20));
        Assert.Empty(_unhandled);
        Assert.Equal(0, Winsock.OpenSockets);
        Assert.Equal(0, Winsock.PortCount);
        Assert.Equal(0, Winsock.PendingCount);
    }
}
