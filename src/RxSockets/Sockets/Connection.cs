using System.Buffers;
using System.Net;
using System.Net.Sockets;
using RxSockets.Buffers;
using RxSockets.Engines;
using RxSockets.Operations;

namespace RxSockets.Sockets;

/// <summary>
/// One connected stream socket behind the public connection: its receiving and sending halves, and the close protocol. Thread-safe: one lock
/// guards all of it, and no user code runs under it. The engine's calls (<see cref="ISocketSink"/>) only keep books and schedule work.
/// </summary>
internal sealed partial class Connection : ISocketSink
{
    private readonly Lock _sync = new();
    private readonly PortCore _port;
    private readonly Closure _closure;
    private DisconnectWaiters? _disconnects;
    private FirstBlock? _first;
    private OpenHandle? _handle;
    private SocketError? _sendFailure;
    private bool _ending;
    private bool _truncated;

    public Connection(PortCore port, EngineSocket socket)
    {
        _port = port;
        _closure = new Closure(port.Engine.Completions, _sync);
        Socket = socket;
        Receive = new ReceiveQueue(this, _sync, port.Options.ReceiveLimit);
        Write = new WriteQueue(this, _sync, port.Options.MaxQueuedBytes);
        RemoteEndPoint = socket.RemoteEndPoint;
        socket.Attach(this);
        if (!port.Add(this))
            End();
    }

    public EngineSocket Socket { get; }

    public PortCore Port => _port;

    public ReceiveQueue Receive { get; }

    public WriteQueue Write { get; }

    /// <summary>The native handle, as the user reads and sets it. Made when first asked for: most connections are read and written, no more.</summary>
    public OpenHandle Handle => Volatile.Read(ref _handle) ?? Interlocked.CompareExchange(ref _handle, new OpenHandle(this, _sync), null) ?? _handle!;

    /// <summary>The first block that came with the accept; empty when none was asked for.</summary>
    public ReadOnlyMemory<byte> FirstData => _first?.Bytes ?? default;

    /// <summary>Bytes of first data that left with the connect.</summary>
    public int FirstDataSent { get; init; }

    /// <summary>It came from connect; one that came from accept goes back to accept only.</summary>
    public bool CanReconnect { get; init; }

    public EndPoint? RemoteEndPoint { get; }

    /// <summary>The handle that was kept for another connection, once this one ended so.</summary>
    public KeptHandle? Kept { get; private set; }

    public bool IsDisposed { get; private set; }

    /// <summary>Under the lock: both directions are to end in order, FIN behind what is queued.</summary>
    public bool IsEnding => _ending;

    /// <summary>Under the lock: the engine was told to close; nothing may be started.</summary>
    public bool CloseStarted { get; private set; }

    /// <summary>Changes whenever bytes moved. A send counts when its batch is done, and what the peer takes of it before that by the engine's word.</summary>
    public long Progress => Receive.BytesReceived + Write.BytesSent + Socket.PeerProgress;

    public Task<ConnectionClosure> Closed => _closure.Task;

    /// <summary>The first block, received before the connection is delivered or brought with the accept. Made when first data is asked for.</summary>
    public FirstBlock First => _first ??= new FirstBlock(this, _sync);

    /// <summary>True once something other than an orderly end was decided.</summary>
    public bool HasFailed => _closure.IsDecided && _closure.Reason != ConnectionCloseReason.Orderly;

    /// <summary>Time since a timestamp of the port's clock; since establishment for 0.</summary>
    public TimeSpan Since(long timestamp) => timestamp == 0 ? Socket.ConnectTime ?? TimeSpan.Zero : _port.Time.GetElapsedTime(timestamp);

    /// <summary>Bytes that came and that nobody took: here and in the kernel.</summary>
    public long CountUnread()
    {
        lock (_sync)
            return CloseStarted ? 0 : Receive.UnreadBytes + Socket.UnreadBytes;
    }

    public ValueTask SendAsync(ReadOnlyMemory<byte> memory, CancellationToken token) =>
        token.IsCancellationRequested ? ValueTask.FromCanceled(token) : Write.SendAsync(memory, token);

    public ValueTask SendAsync(in ReadOnlySequence<byte> sequence, CancellationToken token)
    {
        if (sequence.IsSingleSegment)
            return SendAsync(sequence.First, token);
        return token.IsCancellationRequested ? ValueTask.FromCanceled(token) : Write.EnqueueAsync(SendOperation.Rent(sequence), token);
    }

    public ValueTask CompleteWritesAsync(CancellationToken token) =>
        token.IsCancellationRequested ? ValueTask.FromCanceled(token) : Write.EnqueueAsync(FinOperation.Rent(), token);

    public ValueTask<TransmitResult> TransmitAsync(TransmitOperation operation, CancellationToken token) => Write.TransmitAsync(operation, token);

    public ValueTask<bool> DisconnectAsync(bool reuseSocket, CancellationToken token)
    {
        if (token.IsCancellationRequested)
            return ValueTask.FromCanceled<bool>(token);
        if (reuseSocket && RemoteEndPoint is UnixDomainSocketEndPoint)
            return ValueTask.FromException<bool>(CreateError(SocketError.OperationNotSupported, "disconnecting for reuse, which Unix sockets do not have"));
        var operation = new DisconnectOperation { Scheduler = Socket.Schedule, ReuseSocket = reuseSocket };
        BufferLease? unread = null;
        lock (_sync)
        {
            if (IsDisposed)
                return ValueTask.FromException<bool>(CreateDisposedError());
            if (CloseStarted)
                return ValueTask.FromException<bool>(CreateError(SocketError.NotConnected, "disconnecting"));
            operation.SetToken(token);
            (_disconnects ??= new DisconnectWaiters(_sync)).Add(operation);
            BeginEnd();
            if (!Receive.HasActiveReader && !CloseStarted)
                unread = Receive.Discard();
            // What was discarded is read: nothing else may be left to wait for.
            FinishIfDone();
        }

        ReceiveQueue.ReleaseAll(unread);
        operation.RegisterCancellation(token);
        return operation.Task;
    }

    /// <summary>Ends in order with nobody waiting for it.</summary>
    public void EndInBackground()
    {
        BufferLease? unread = null;
        lock (_sync)
        {
            if (IsDisposed || CloseStarted)
                return;
            BeginEnd();
            if (!Receive.HasActiveReader && !CloseStarted)
                unread = Receive.Discard();
        }

        ReceiveQueue.ReleaseAll(unread);
    }

    /// <summary>The handle that was kept, for another connection.</summary>
    public RecycledHandle TakeKept(EndPoint remote)
    {
        lock (_sync)
        {
            if (IsDisposed)
                throw CreateDisposedError();
            if (!CloseStarted)
                throw SocketErrors.Create(SocketError.IsConnected, "reconnecting", remote);
        }

        if (!CanReconnect)
            throw SocketErrors.Create(SocketError.InvalidArgument, "reconnecting what came from accept", remote);
        return Kept?.Take(remote) ?? throw SocketErrors.Create(SocketError.NotSocket, "reconnecting a handle that was not kept", remote);
    }

    /// <summary>The last reader left a connection that is being disconnected: what is left is dropped, else the end would wait for a reader for ever.</summary>
    public void ReaderLeft()
    {
        // Without the lock: whoever begins the end after the reader has left looks for a reader itself.
        if (!_ending)
            return;
        BufferLease? unread = null;
        lock (_sync)
        {
            if (Receive.HasActiveReader)
                return;
            if (!CloseStarted)
                unread = Receive.Discard();
            FinishIfDone();
        }

        ReceiveQueue.ReleaseAll(unread);
    }

    /// <summary>Disposal: reading stops, FIN goes behind what was sent, the peer's end is awaited in the background.</summary>
    public void End()
    {
        BufferLease? unread;
        BufferLease? late = null;
        lock (_sync)
        {
            if (IsDisposed)
                return;
            IsDisposed = true;
            unread = Receive.EndLocally(SocketError.OperationAborted);
            if (!CloseStarted)
                BeginEnd();
            if (!CloseStarted)
                late = Receive.Discard();
        }

        ReceiveQueue.ReleaseAll(unread);
        ReceiveQueue.ReleaseAll(late);
    }

    public void Abort(ConnectionCloseReason reason, string description)
    {
        BufferLease? unread;
        lock (_sync)
        {
            if (Kept is not null)
                return;
            if (CloseStarted && _closure.IsDecided)
            {
                Socket.Close(abort: true);
                return;
            }

            _closure.Decide(reason, byPeer: false, SocketError.OperationAborted, description);
            unread = Receive.EndLocally(SocketError.OperationAborted);
            Write.Break(SocketError.OperationAborted);
            StartClose(abort: true);
        }

        ReceiveQueue.ReleaseAll(unread);
    }

    public void HandlerThrew(Exception error)
    {
        // Reported first: whoever waits for Closed then finds the report made.
        _port.Unhandled(error);
        Abort(ConnectionCloseReason.HandlerFailed, $"A handler threw {error.GetType().Name}: {error.Message}");
    }

    public void CloseTimedOut() =>
        Abort(ConnectionCloseReason.CloseTimeout, $"The peer made no progress for {_port.Options.CloseTimeout} while the connection was closing.");

    public static ObjectDisposedException CreateDisposedError() => new(nameof(RxSockets) + ".RxConnection");

    public SocketException CreateError(SocketError error, string doing, Exception? cause = null) => SocketErrors.Create(error, doing, RemoteEndPoint, cause);

    /// <summary>Under the lock: the receive ended with FIN or a failure.</summary>
    public void ReceiveEndedLocked(SocketError error)
    {
        // A failed send takes the socket's pending error with it, and the receive behind it then finds a plain end (Linux clears SO_ERROR when
        // it is told): a reset would look like an orderly end. That send may have ended on another thread and not be told yet.
        if (error == SocketError.Success && _sendFailure != SocketError.OperationAborted)
            error = _sendFailure ?? (!Write.IsIdle && Socket.IsReset ? SocketError.ConnectionReset : error);
        Receive.EndFromPeer(error);
        if (error == SocketError.Success)
            FinishIfDone();
        else
            Fail(error);
    }

    /// <summary>Under the lock: a send failed; the connection is of no use any more.</summary>
    public void SendFailedLocked(SocketError error)
    {
        // The peer may have sent a last word before it went: that is still read, and then the error is told (see ReceiveEndedLocked). After a
        // cancelled send only abort is left, and that is the user's word.
        _sendFailure ??= error;
        _truncated |= WriteErrors.IsOurs(error);
        if (error != SocketError.OperationAborted && (_ending || Receive.EndSeen))
            Fail(error);
        else if (_ending && _truncated && !CloseStarted)
            EndTruncated();
    }

    /// <summary>Under the lock: the write queue moved.</summary>
    public void WritesMovedLocked() => FinishIfDone();

    /// <summary>Under the lock: the last unread byte was read.</summary>
    public void ReadsMovedLocked() => FinishIfDone();

    void ISocketSink.OnReceived(BufferLease buffer, bool more)
    {
        Receive.OnReceived(buffer, more);
        _first?.OpenGate();
    }

    void ISocketSink.OnReceiveEnded(SocketError error)
    {
        lock (_sync)
            ReceiveEndedLocked(error);
        _first?.OpenGate();
    }

    void ISocketSink.OnReceiveStopped() => Receive.OnStopped();

    void ISocketSink.OnSendDue() => Write.OnSendDue();

    void ISocketSink.OnSendCompleted(long bytes, SocketError error) => Write.OnSendCompleted(bytes, error);

    void ISocketSink.OnTransmitProgress(long bytes) => Write.OnTransmitProgress(bytes);

    void ISocketSink.OnRecycled(RecycledHandle? handle)
    {
        // Before this connection leaves the port, so that the port's end finds one or the other.
        KeptHandle? kept = handle is null ? null : new KeptHandle(_port, handle);
        EndLife(kept, handed: true);
    }

    void ISocketSink.OnClosed() => EndLife(kept: null, handed: false);

    private void EndLife(KeptHandle? kept, bool handed)
    {
        DisconnectOperation? waiters;
        BufferLease? unread = null;
        bool disposed;
        lock (_sync)
        {
            waiters = _disconnects?.TakeAll();
            // Whoever still reads finds the end; a connection closed in order ends in order, if its FIN was seen.
            if (!Receive.EndSeen)
                unread = Receive.EndLocally(SocketError.OperationAborted);
            _closure.Decide(ConnectionCloseReason.Orderly, byPeer: false, SocketError.Success, "Both directions ended in order.");
            Kept = kept;
            disposed = IsDisposed;
            Write.EndLife();
        }

        if (disposed)
            kept?.Close();
        ReceiveQueue.ReleaseAll(unread);
        _first?.OpenGate();
        _port.Closing.Remove(this);
        _closure.Finish(Receive.BytesReceived, Write.BytesSent, RemoteEndPoint, _port.Diagnostics);
        DisconnectWaiters.Complete(waiters, _closure.Reason == ConnectionCloseReason.Orderly, kept: handed);
        _port.Remove(this);
    }

    // Under the lock: FIN behind the queue, and the clock for a peer that does not end.
    private void BeginEnd()
    {
        _ending = true;
        if (_truncated)
        {
            EndTruncated();
            return;
        }

        if (Receive.FinSeen)
            _closure.BegunByPeer();
        // With the peer's FIN here and nothing queued, closing the handle sends our FIN: one call less.
        if (!(IsDisposed && Receive.EndSeen && Write.IsIdle))
            Write.QueueFin();
        FinishIfDone();
        if (!CloseStarted)
            _port.Closing.Add(this);
    }

    private void EndTruncated()
    {
        _closure.Decide(ConnectionCloseReason.Aborted, byPeer: false, _sendFailure!.Value, "A send or transmit ended half-way: only a reset tells the peer.");
        StartClose(abort: true);
    }

    private void FinishIfDone()
    {
        if (!_ending || CloseStarted || !Receive.EndSeen || !(Write.IsDrained || (IsDisposed && Write.IsIdle)))
            return;
        if (IsDisposed || _disconnects is not { WantReuse: true } || !Socket.CanRecycle || !Receive.FinSeen || !Write.FinSent)
        {
            StartClose(abort: false);
            return;
        }

        // For reuse the peer's data must have been read as well; a reader that does not is bounded by the time a closing connection has.
        if (Receive.UnreadBytes > 0)
            return;
        CloseStarted = true;
        // With the peer's FIN here before the end began it is in no set yet; the kernel may take its time, and the port's end waits for this.
        _port.Closing.Add(this);
        Socket.Recycle();
    }

    private void Fail(SocketError error)
    {
        if (_closure.IsDecided)
            return;
        bool reset = error is SocketError.ConnectionReset or SocketError.ConnectionAborted;
        _closure.Decide(reset ? ConnectionCloseReason.PeerReset : ConnectionCloseReason.Failed, byPeer: reset, error, CreateError(error, "connected").Message);
        Receive.EndFromPeer(error);
        Write.Break(error);
        StartClose(abort: _truncated);
    }

    private void StartClose(bool abort)
    {
        CloseStarted = true;
        Socket.Close(abort);
    }
}
