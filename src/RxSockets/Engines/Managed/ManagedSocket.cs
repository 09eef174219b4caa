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
    private readonly Lock _sync = new();
    private readonly ManagedEngine _engine;
    private readonly Socket _socket;
    private readonly long _establishedAt;
    private readonly bool _fromConnect;
    private ManagedReceive? _receive;
    private ManagedSend? _send;
    private ManagedTransmit? _transmit;
    private bool _recycling;
    private int _inFlight;
    private bool _closing;
    private bool _closedTold;

    public ManagedSocket(ManagedEngine engine, Socket socket, long establishedAt, bool fromConnect)
    {
        _fromConnect = fromConnect;
        _engine = engine;
        _socket = socket;
        _establishedAt = establishedAt;
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

    public override void Attach(ISocketSink sink) => Sink = sink;

    public override ReceiveStart StartReceive(out BufferLease? buffer, out SocketError error)
    {
        _engine.Statistics.Submitted(Verb.Receive);
        Begin();
        _receive ??= new ManagedReceive(this);
        ReceiveStart start = _receive.Start(out buffer, out error);
        if (start != ReceiveStart.Pending)
            EndQuietly();
        return start;
    }

    /// <summary>A receive cannot be taken back; the one in flight is bounded by its one buffer, and what it brings is kept.</summary>
    public override void StopReceive()
    {
    }

    public override bool StartSend(SendBatch batch, out long sent, out SocketError error)
    {
        _engine.Statistics.Submitted(Verb.Send);
        Begin();
        _send ??= new ManagedSend(this);
        if (_send.Start(batch, out sent, out error))
            return true;
        EndQuietly();
        return false;
    }

    public override bool StartTransmit(TransmitBatch batch, out long sent, out SocketError error)
    {
        _engine.Statistics.Submitted(Verb.Transmit);
        Begin();
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
        lock (_sync)
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
        lock (_sync)
            _recycling = false;
        CloseSocket(abort);
    }

    private void CloseSocket(bool abort)
    {
        lock (_sync)
        {
            if (_closing && !abort)
                return;
            _closing = true;
        }

        Dispose(abort);
        // A work of its own: the other one may be in a queue already.
        if (_receive is { IsWaiting: true })
            _engine.Schedule(new RetryWork(this));
        TellClosedIfIdle();
    }

    public override int GetOption(SocketOptionLevel level, SocketOptionName name) => (int)_socket.GetSocketOption(level, name)!;

    public override void SetOption(SocketOptionLevel level, SocketOptionName name, int value) => _socket.SetSocketOption(level, name, value);

    public override void Schedule(CompletionWork work) => _engine.Schedule(work);

    /// <summary>Around telling the sink of a completion: what the sink schedules runs after it, on this thread.</summary>
    public void BeginTelling(Verb verb)
    {
        _engine.Statistics.Completed(verb);
        CallbackScope.Enter();
    }

    public void EndTelling()
    {
        CompletionWork? works = CallbackScope.Exit();
        EndQuietly();
        TellClosedIfIdle();
        _engine.RunCollected(works);
    }

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
    public bool IsClosing
    {
        get
        {
            lock (_sync)
                return _closing;
        }
    }

    private void Begin()
    {
        lock (_sync)
            _inFlight++;
    }

    private void EndQuietly()
    {
        lock (_sync)
            _inFlight--;
    }

    private void TellClosedIfIdle()
    {
        lock (_sync)
        {
            if (!_closing || _inFlight > 0 || _closedTold)
                return;
            _closedTold = true;
        }

        _engine.Schedule(new ClosedWork(this));
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
            bool recycled;
            socket._receive?.Dispose();
            socket._send?.Dispose();
            socket._transmit?.Dispose();
            socket._engine.Statistics.Completed(Verb.Close);
            lock (socket._sync)
                recycled = socket._recycling;
            if (!recycled)
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
