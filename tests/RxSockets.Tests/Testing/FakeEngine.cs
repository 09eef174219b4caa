using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Time.Testing;
using RxSockets.Buffers;
using RxSockets.Engines;
using RxSockets.Operations;
using RxSockets.Sockets;

namespace RxSockets.Tests.Testing;

/// <summary>An engine that does what the test says, when it says so: for the state machines above the engines.</summary>
internal sealed class FakeEngine : CompletionEngine
{
    private readonly Queue<CompletionWork> _works = new();

    public FakeEngine()
        : this(log: null)
    {
    }

    public FakeEngine(ILoggerFactory? log)
    {
        Port = new PortCore(this, "a fake", new CompletionPortOptions { TimeProvider = Time, ReceiveLimit = 32, LoggerFactory = log }.Validated(), Unhandled.Add);
    }

    public FakeTimeProvider Time { get; } = new();

    public BufferPool Pool { get; } = new(bufferSize: 16, maxBytes: 1024);

    public List<Exception> Unhandled { get; } = [];

    public PortCore Port { get; }

    public bool IsShutDown { get; private set; }

    public override EngineKind Kind => EngineKind.Managed;

    /// <summary>Runs what was scheduled, until nothing is.</summary>
    public void RunAll()
    {
        while (_works.TryDequeue(out CompletionWork? work))
            work.Run();
    }

    /// <summary>Runs while a listener is being made.</summary>
    public Action? Listening { get; set; }

    public override EngineListener Listen(ListenRequest request, IListenerSink sink)
    {
        Listening?.Invoke();
        return LastListener = new FakeListener(sink);
    }

    public override void StartConnect(ConnectRequest request, IConnectSink sink) => throw new NotSupportedException();

    public override void CancelConnect(ConnectRequest request) => throw new NotSupportedException();

    public FakeListener? LastListener { get; private set; }

    public FakeDatagramSocket? LastDatagramSocket { get; private set; }

    public override EngineDatagramSocket BindDatagram(DatagramRequest request) => LastDatagramSocket = new FakeDatagramSocket(this);

    /// <summary>A loop that is faster than whoever schedules.</summary>
    public bool RunsAtOnce { get; set; }

    public override void Schedule(CompletionWork work)
    {
        if (RunsAtOnce)
        {
            work.Run();
            return;
        }

        Assert.DoesNotContain(work, _works);
        _works.Enqueue(work);
    }

    public override ValueTask ShutDownAsync()
    {
        IsShutDown = true;
        return ValueTask.CompletedTask;
    }
}

/// <summary>A socket of <see cref="FakeEngine"/>: records what is started, and lets the test bring the completions.</summary>
internal sealed class FakeSocket(FakeEngine engine) : EngineSocket
{
    public ISocketSink Sink { get; private set; } = null!;

    public bool ReceiveStarted { get; private set; }

    public int StopsAsked { get; private set; }

    public List<byte[]> Sending { get; } = [];

    public bool SendStarted { get; private set; }

    public bool SendCancelAsked { get; private set; }

    public int Fins { get; private set; }

    /// <summary>What comes of a FIN.</summary>
    public SocketError FinError { get; set; }

    public bool? ClosedWithAbort { get; private set; }

    public override EndPoint? LocalEndPoint => new IPEndPoint(IPAddress.Loopback, 1);

    public override EndPoint? RemoteEndPoint => new IPEndPoint(IPAddress.Loopback, 2);

    public override SafeHandle Handle => throw new NotSupportedException();

    public override TimeSpan? ConnectTime => TimeSpan.Zero;

    public override int UnreadBytes => 0;

    public override long PeerProgress => Acknowledged;

    /// <summary>What the peer took so far.</summary>
    public long Acknowledged { get; set; }

    public override void Attach(ISocketSink sink) => Sink = sink;

    public override ReceiveStart StartReceive(out BufferLease? buffer, out SocketError error)
    {
        Assert.False(ReceiveStarted);
        buffer = null;
        error = SocketError.Success;
        if (AtOnce is not null)
        {
            buffer = Fill(AtOnce);
            AtOnce = null;
            return ReceiveStart.Received;
        }

        ReceiveStarted = true;
        return ReceiveStart.Pending;
    }

    public override void StopReceive() => StopsAsked++;

    /// <summary>It puts sends off; <see cref="BringDue"/> says when they are due.</summary>
    public bool Defers { get; set; }

    public bool IsDue { get; private set; }

    public override bool TryDeferSend()
    {
        Assert.False(IsDue);
        Assert.False(SendStarted);
        return IsDue = Defers;
    }

    public void BringDue()
    {
        Assert.True(IsDue);
        IsDue = false;
        Sink.OnSendDue();
    }

    public override bool StartSend(SendBatch batch, out long sent, out SocketError error)
    {
        Assert.False(SendStarted);
        sent = 0;
        error = SocketError.Success;
        foreach (ReadOnlyMemory<byte> piece in batch.Pieces)
            Pin(piece);
        foreach (ReadOnlyMemory<byte> piece in batch.Pieces)
            Sending.Add(piece.ToArray());
        SendStarted = true;
        return true;
    }

    public TransmitBatch? Transmitting { get; private set; }

    public int RecyclesAsked { get; private set; }

    public override bool CanRecycle => true;

    public override bool StartTransmit(TransmitBatch batch, out long sent, out SocketError error)
    {
        Assert.False(SendStarted);
        sent = 0;
        error = SocketError.Success;
        foreach (TransmitElement element in batch.Elements)
            Pin(element.Memory);
        Transmitting = batch;
        SendStarted = true;
        return true;
    }

    // What every engine with a kernel below has to do, and what memory of the user's own kind may refuse.
    private static void Pin(ReadOnlyMemory<byte> memory) => memory.Pin().Dispose();

    public override void CancelSend() => SendCancelAsked = true;

    public override void Recycle() => RecyclesAsked++;

    public override SocketError ShutdownSend()
    {
        Fins++;
        return FinError;
    }

    public override void Close(bool abort) => ClosedWithAbort = abort || ClosedWithAbort == true;

    public override int GetOption(SocketOptionLevel level, SocketOptionName name) => 0;

    public override void SetOption(SocketOptionLevel level, SocketOptionName name, int value)
    {
    }

    public override void Schedule(CompletionWork work) => engine.Schedule(work);

    /// <summary>What the next start gives at once, instead of pending.</summary>
    public byte[]? AtOnce { get; set; }

    public void BringData(string text, bool more = true) => BringData(System.Text.Encoding.ASCII.GetBytes(text), more);

    public void BringData(ReadOnlySpan<byte> bytes, bool more = true)
    {
        Assert.True(ReceiveStarted);
        ReceiveStarted = more;
        Sink.OnReceived(Fill(bytes), more);
    }

    private BufferLease Fill(ReadOnlySpan<byte> bytes)
    {
        BufferLease buffer = engine.Pool.TryRent()!;
        bytes.CopyTo(buffer.Memory.Span);
        buffer.Fill(bytes.Length, holder: null);
        return buffer;
    }

    public void BringEnd(SocketError error = SocketError.Success)
    {
        Assert.True(ReceiveStarted);
        ReceiveStarted = false;
        Sink.OnReceiveEnded(error);
    }

    public void BringStop()
    {
        ReceiveStarted = false;
        Sink.OnReceiveStopped();
    }

    public void BringSent(SocketError error = SocketError.Success, long? bytes = null)
    {
        Assert.True(SendStarted);
        SendStarted = false;
        long all = Sending.Sum(static piece => piece.Length);
        Sending.Clear();
        Transmitting = null;
        Sink.OnSendCompleted(bytes ?? (error == SocketError.Success ? all : 0), error);
    }

    /// <summary>What every engine does after Close: the ends of what was started, then the last call.</summary>
    public void BringClosed()
    {
        Assert.NotNull(ClosedWithAbort);
        if (ReceiveStarted)
            BringStop();
        if (SendStarted)
            BringSent(SocketError.OperationAborted);
        Sink.OnClosed();
    }
}

/// <summary>A listener of <see cref="FakeEngine"/>: closes at once.</summary>
internal sealed class FakeListener(IListenerSink sink) : EngineListener
{
    public IListenerSink Sink => sink;

    public override EndPoint LocalEndPoint => new IPEndPoint(IPAddress.Loopback, 1);

    public override void StartAccept()
    {
    }

    public override void StopAccept()
    {
    }

    public override void Close() => sink.OnClosed();
}
