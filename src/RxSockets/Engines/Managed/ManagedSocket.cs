using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using RxSockets.Buffers;
using RxSockets.Operations;

namespace RxSockets.Engines.Managed;

/// <summary>
/// A connected System.Net.Sockets.Socket. The owner serialises calls; completions come from the socket's own threads. The handle is closed
/// when Close was called and nothing is in flight; a receive in flight ends because Close disposes the socket.
/// </summary>
internal sealed class ManagedSocket : EngineSocket
{
    private readonly ManagedInFlight _inFlight;
    private readonly ManagedEngine _engine;
    private readonly Socket _socket;
    private readonly long _establishedAt;
    private readonly bool _fromConnect;
    private ManagedReceive? _receive;
    private ManagedSend? _send;
    private ManagedTransmit? _transmit;
    private volatile bool _recycling;

    public ManagedSocket(ManagedEngine engine, Socket socket, long establishedAt, bool fromConnect)
    {
        _fromConnect = fromConnect;
        _engine = engine;
        _socket = socket;
        _inFlight = new ManagedInFlight(engine, new ClosedWork(this));
        _establishedAt = establishedAt;
        // Asynchronous operations are what they were; a send becomes one that takes what fits and returns. On Windows they differ more, and it stays as it is.
        if (!OperatingSystem.IsWindows())
            socket.Blocking = false;
        LocalEndPoint = Try(() => socket.LocalEndPoint);
        RemoteEndPoint = Try(() => socket.RemoteEndPoint);
        RetryReceive = new RetryWork(this);
    }

    public ManagedEngine Engine => _engine;

    public Socket Socket => _socket;

    public ISocketSink Sink { get; private set; } = null!;

    public CompletionWork RetryReceive { get; }

    public override EndPoint? LocalEndPoint { get; }

    public override EndPoint? RemoteEndPoint { get; }

    public override SafeHandle Handle => _socket.SafeHandle;

    public override TimeSpan? ConnectTime => _engine.Options.TimeProvider.GetElapsedTime(_establishedAt);

    public override int UnreadBytes
    {
        get
        {
            try
            {
                return _socket.Available;
            }
            catch (Exception error) when (error is SocketException or ObjectDisposedException)
            {
                return 0;
            }
        }
    }

    public override long PeerProgress => ManagedSockets.Acknowledged(_socket);

    public override bool IsReset => ManagedSockets.IsReset(_socket);

    public override void Attach(ISocketSink sink) => Sink = sink;

    public override ReceiveStart StartReceive(out BufferLease? buffer, out SocketError error)
    {
        _engine.Statistics.Submitted(Verb.Receive);
        _inFlight.Begin();
        _receive ??= new ManagedReceive(this);
        ReceiveStart start = _receive.Start(out buffer, out error);
        if (start != ReceiveStart.Pending)
            _inFlight.End();
        return start;
    }

    /// <summary>A receive cannot be taken back; the one in flight is bounded by its one buffer, and what it brings is kept.</summary>
    public override void StopReceive()
    {
    }

    public override bool StartSend(SendBatch batch, out long sent, out SocketError error)
    {
        _engine.Statistics.Submitted(Verb.Send);
        foreach (ReadOnlyMemory<byte> piece in batch.Pieces)
            PinnedMemory.Check(piece);
        var progress = new SendProgress(batch);
        sent = 0;
        if (!TrySendNow(ref progress, out error))
        {
            _inFlight.Begin();
            _send ??= new ManagedSend(this);
            if (_send.Start(ref progress, out error))
                return true;
            _inFlight.End();
        }

        sent = progress.Sent;
        _engine.Statistics.Completed(Verb.Send);
        return false;
    }

    public override bool StartTransmit(TransmitBatch batch, out long sent, out SocketError error)
    {
        foreach (TransmitElement element in batch.Elements)
            PinnedMemory.Check(element.Memory);
        _engine.Statistics.Submitted(Verb.Transmit);
        _inFlight.Begin();
        _transmit ??= new ManagedTransmit(this);
        sent = 0;
        error = SocketError.Success;
        _transmit.Start(batch);
        return true;
    }

    public override bool CanRecycle => _fromConnect && _socket.AddressFamily is AddressFamily.InterNetwork or AddressFamily.InterNetworkV6;

    /// <summary>See <see cref="ManagedHandle"/>: closes, and says that it kept.</summary>
    public override void Recycle()
    {
        _engine.Statistics.Submitted(Verb.Recycle);
        _recycling = true;
        CloseSocket(abort: false);
    }

    /// <summary>A send cannot be taken back either: after a cancel only abort is left anyway, so the socket is shut for good.</summary>
    public override void CancelSend() => Dispose(abort: true);

    public override SocketError ShutdownSend()
    {
        _engine.Statistics.Submitted(Verb.Shutdown);
        try
        {
            _socket.Shutdown(SocketShutdown.Send);
            return SocketError.Success;
        }
        catch (SocketException error)
        {
            return error.SocketErrorCode;
        }
        catch (ObjectDisposedException)
        {
            return SocketError.OperationAborted;
        }
    }

    public override void Close(bool abort)
    {
        _recycling = false;
        CloseSocket(abort);
    }

    private void CloseSocket(bool abort)
    {
        if (!_inFlight.BeginClose() && !abort)
            return;
        Dispose(abort);
        // A work of its own: the other one may be in a queue already.
        if (_receive is { IsWaiting: true })
            _engine.Schedule(new RetryWork(this));
        _inFlight.TellClosedIfIdle();
    }

    public override int GetOption(SocketOptionLevel level, SocketOptionName name) => (int)_socket.GetSocketOption(level, name)!;

    public override void SetOption(SocketOptionLevel level, SocketOptionName name, int value) => _socket.SetSocketOption(level, name, value);

    public override void Schedule(CompletionWork work) => _engine.Schedule(work);

    /// <summary>Around telling the sink of a completion: what the sink schedules runs after it, on this thread.</summary>
    public void BeginTelling(Verb verb) => _inFlight.BeginTelling(verb);

    public void EndTelling() => _inFlight.EndTelling();

    /// <summary>Tells how far a transmit came.</summary>
    public void TellProgress(long bytes)
    {
        CallbackScope.Enter();
        Sink.OnTransmitProgress(bytes);
        CompletionWork? works = CallbackScope.Exit();
        // To the pool: a listener that blocks must not hold up the transmit.
        while (works is not null)
        {
            CompletionWork work = works;
            works = work.NextWork;
            work.NextWork = null;
            _engine.Schedule(work);
        }
    }

    /// <summary>True while the engine was told to close: failures are then ours.</summary>
    public bool IsClosing => _inFlight.IsClosing;

    // EPIPE on a socket whose sending side we did not shut means that the peer has reset; System.Net.Sockets calls it Shutdown.
    public SocketError ToSendError(SocketError error) => IsClosing ? SocketError.OperationAborted : error == SocketError.Shutdown ? SocketError.ConnectionReset : error;

    // Fault: the owner of a piece threw, behind others that left, and nobody above could hear it.
    public static SocketError ToSendError(Exception failure) => failure is ObjectDisposedException ? SocketError.OperationAborted : SocketError.Fault;

    // False: the kernel takes no more now, or that cannot be asked.
    private bool TrySendNow(ref SendProgress progress, out SocketError error)
    {
        error = SocketError.Success;
        if (OperatingSystem.IsWindows())
            return false;
        try
        {
            if (!progress.SendNow(_socket, out error))
                return false;
            if (error != SocketError.Success)
                error = ToSendError(error);
        }
        catch (Exception failure)
        {
            error = ToSendError(failure);
        }

        return true;
    }

    private void Dispose(bool abort)
    {
        try
        {
            if (abort)
                _socket.LingerState = new LingerOption(enable: true, seconds: 0);
        }
        catch (Exception error) when (error is SocketException or ObjectDisposedException)
        {
            // Already closed or reset: there is nothing left to abort.
        }

        _socket.Dispose();
    }

    private static EndPoint? Try(Func<EndPoint?> get)
    {
        try
        {
            return get();
        }
        catch (SocketException)
        {
            return null;
        }
    }

    private sealed class ClosedWork(ManagedSocket socket) : CompletionWork
    {
        public override void Run()
        {
            socket._receive?.Dispose();
            socket._send?.Dispose();
            socket._transmit?.Dispose();
            socket._engine.Statistics.Completed(Verb.Close);
            if (!socket._recycling)
            {
                socket.Sink.OnClosed();
                return;
            }

            socket._engine.Statistics.Completed(Verb.Recycle);
            socket.Sink.OnRecycled(new ManagedHandle(socket._socket.AddressFamily));
        }
    }

    private sealed class RetryWork(ManagedSocket socket) : CompletionWork
    {
        public override void Run() => socket._receive!.Resume();
    }
}
