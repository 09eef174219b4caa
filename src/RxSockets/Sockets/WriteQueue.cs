using System.Net.Sockets;
using RxSockets.Operations;

namespace RxSockets.Sockets;

/// <summary>
/// The sending half of a connection: everything leaves whole and in call order, one engine send in flight at a time; what queued up
/// meanwhile, or until the engine is about to ask the kernel, leaves as one vectored send. Guarded by the connection's lock.
/// </summary>
internal sealed partial class WriteQueue(Connection connection, Lock sync, long maxBatchBytes) : IWriteOwner
{
    private SendBatch? _batch;
    private LinkedQueue<WriteOperation> _queue;
    private bool _inFlight;
    private bool _due;
    private bool _finQueued;
    private bool _oneByOne;
    private bool _lifeEnded;
    private SocketError? _broken;

    public long BytesSent
    {
        get;
        private set
        {
            field = value;
            LastSend = connection.Port.Time.GetTimestamp();
        }
    }

    /// <summary>When bytes last left, on the port's clock; 0 if none did.</summary>
    public long LastSend { get; private set; }

    /// <summary>Under the lock.</summary>
    public bool FinSent { get; private set; }

    /// <summary>Under the lock: nothing is queued or in flight.</summary>
    public bool IsIdle => _queue.Head is null && !_inFlight;

    /// <summary>Under the lock: nothing is queued in front of the FIN that only closing asked for.</summary>
    public bool IsDrained => IsIdle && (FinSent || _broken is not null);

    public ValueTask SendAsync(ReadOnlyMemory<byte> memory, CancellationToken token)
    {
        SendOperation operation;
        lock (sync)
        {
            if (Refusal() is { } refusal)
                return ValueTask.FromException(refusal);
            if (memory.IsEmpty && IsIdle)
                return ValueTask.CompletedTask;
            bool handOver = IsIdle && !Defer() && memory.Length <= maxBatchBytes;
            if (handOver)
            {
                Batch.Add(memory);
                long askedAt = IsHeard ? _hub!.Now() : 0;
                WriteStart start = WriteStart.Of(connection.Socket, Batch);
                if (!start.Pends)
                    return SentAtOnce(start, askedAt);
                _inFlight = true;
            }

            operation = SendOperation.Rent(memory);
            Append(operation, token);
            if (handOver)
                operation.CoverAll();
            else
                Pump();
        }

        operation.RegisterCancellation(token);
        return operation.VoidTask;
    }

    /// <summary>Queues a send of several pieces, or a FIN.</summary>
    public ValueTask EnqueueAsync(WriteOperation operation, CancellationToken token)
    {
        lock (sync)
        {
            if (Refusal() is { } refusal)
                return ValueTask.FromException(refusal);
            if (operation is FinOperation)
                _finQueued = true;
            else if (IsIdle)
                Defer();
            Append(operation, token);
            Pump();
        }

        operation.RegisterCancellation(token);
        return operation.VoidTask;
    }

    /// <summary>Under the lock: FIN behind what is queued, for closing; nobody awaits it.</summary>
    public void QueueFin()
    {
        if (_finQueued || _broken is not null)
            return;
        _finQueued = true;
        Append(FinOperation.Rent(), CancellationToken.None);
        Pump();
    }

    /// <summary>Under the lock: nothing leaves any more. Queued operations end with the error now, those in flight with their real end.</summary>
    public void Break(SocketError error)
    {
        _broken ??= error;
        if (!_inFlight)
            FailAll();
    }

    /// <summary>The engine is about to ask the kernel: whatever was put off leaves now.</summary>
    public void OnSendDue()
    {
        lock (sync)
        {
            _due = false;
            Pump();
        }
    }

    /// <summary>The engine's word on the send or transmit in flight.</summary>
    public void OnSendCompleted(long bytes, SocketError error)
    {
        lock (sync)
        {
            _inFlight = false;
            if (_queue.Head is TransmitOperation { IsStarted: true } transmit)
                Transmitted(transmit, bytes, error);
            else
                Sent(bytes, error);
            Pump();
        }
    }

    /// <summary>Under the lock: the connection has ended.</summary>
    public void EndLife()
    {
        _lifeEnded = true;
        _hub?.Complete();
    }

    void IWriteOwner.CancelWrite(WriteOperation operation)
    {
        lock (sync)
        {
            if (operation is SendOperation { Covered: > 0 } or TransmitOperation { IsStarted: true })
            {
                if (_inFlight && _queue.Contains(operation))
                    connection.Socket.CancelSend();
                return;
            }

            if (_queue.Remove(operation))
                Withdraw(operation, SocketError.OperationAborted);
        }
    }

    // It leaves no trace in the stream: the FIN it would have sent is not on its way any more, unless closing relies on it.
    private void Withdraw(WriteOperation operation, SocketError error, Exception? cause = null)
    {
        if (operation is FinOperation or TransmitOperation { Disconnects: true })
            _finQueued = false;
        Complete(operation, error, cause);
        if (connection.IsEnding)
            QueueFin();
    }

    // Made with the first send: a connection that only waits has none.
    private SendBatch Batch => _batch ??= new SendBatch();

    private bool Defer() => _due = connection.Socket.TryDeferSend();

    private ValueTask SentAtOnce(in WriteStart start, long askedAt)
    {
        Batch.Clear();
        BytesSent += start.Sent;
        if (IsHeard)
            _hub!.Add(TransmitKind.Send, start.Sent, askedAt, start.Error);
        if (start.Error == SocketError.Success)
            return ValueTask.CompletedTask;
        if (start.Unusable is null)
            Fail(start.Error);
        return ValueTask.FromException(connection.CreateError(start.Error, "sending", start.Unusable));
    }

    // Hands over the next batch, transmit, or the FIN, for as long as things end at once.
    private void Pump()
    {
        while (!_inFlight && !_due && _broken is null && _queue.Head is not null && !connection.CloseStarted)
        {
            switch (_queue.Head)
            {
                case FinOperation:
                    Complete(_queue.Dequeue(), SendFin());
                    break;
                case TransmitOperation transmit:
                    PumpTransmit(transmit);
                    break;
                case SendOperation { Covered: > 0, CancelRequested: true }:
                    // The cancel missed the batch that was in flight: what is left of the send does not start.
                    Distribute(0, SocketError.OperationAborted);
                    break;
                default:
                    PumpSends();
                    break;
            }
        }

        _oneByOne &= _queue.Head is not null;
        if (_broken is not null && !_inFlight)
            FailAll();
        connection.WritesMovedLocked();
    }

    private void PumpSends()
    {
        for (WriteOperation? next = _queue.Head; next is SendOperation send && !Batch.IsFull && Batch.Bytes < maxBatchBytes; next = next.NextLinked)
        {
            send.AddTo(Batch, maxBatchBytes);
            if (_oneByOne)
                break;
        }

        if (Batch.Count == 0)
        {
            Complete(_queue.Dequeue(), SocketError.Success);   // a send of no bytes: its turn is its end
            return;
        }

        WriteStart start = WriteStart.Of(connection.Socket, Batch);
        if (start.Pends)
            _inFlight = true;
        else if (start.Unusable is not null)
            Unsent(start.Unusable);
        else
            Sent(start.Sent, start.Error);
    }

    // The owner of a piece threw, and nothing of the batch was sent. To find whose piece it was, the operations then go one by one.
    private void Unsent(Exception unusable)
    {
        Batch.Clear();
        for (WriteOperation? next = _queue.Head; next is SendOperation send; next = next.NextLinked)
            send.Uncover();
        bool alone = _oneByOne || _queue.Head is not { NextLinked: SendOperation };
        _oneByOne = !alone;
        if (!alone)
            return;
        if (_queue.Head is SendOperation { Sent: 0 })
            Withdraw(_queue.Dequeue(), SocketError.Fault, unusable);
        else
            Fail(SocketError.Fault);   // part of it left in earlier batches: nothing may follow that
    }

    private SocketError SendFin()
    {
        SocketError error = connection.Socket.ShutdownSend();
        FinSent = error == SocketError.Success;
        if (!FinSent)
            connection.SendFailedLocked(error);
        return error;
    }

    private void Sent(long bytes, SocketError error)
    {
        Batch.Clear();
        BytesSent += bytes;
        Distribute(bytes, error);
    }

    private void Fail(SocketError error)
    {
        _broken ??= error;
        FailAll();
        connection.SendFailedLocked(error);
    }

    // Shares the bytes taken among the operations of the batch, first come first served; whoever is whole is done.
    private void Distribute(long bytes, SocketError error)
    {
        while (_queue.Head is SendOperation send)
        {
            long taken = Math.Min(bytes, send.Covered - send.Sent);
            send.Sent += taken;
            bytes -= taken;
            if (send.Sent < send.Length || send.Covered < send.Length)
                break;
            Complete(_queue.Dequeue(), SocketError.Success);
        }

        if (error != SocketError.Success)
            Fail(error);
    }

    private void FailAll()
    {
        while (_queue.Head is not null)
            Complete(_queue.Dequeue(), _broken!.Value);
    }

    private void Complete(WriteOperation operation, SocketError error, Exception? cause = null)
    {
        long sent = operation switch { SendOperation send => send.Sent, TransmitOperation transmit => transmit.Sent, _ => 0 };
        if (operation is not FinOperation && IsHeard)
            _hub!.Add(operation is TransmitOperation { Kind: var kind } ? kind : TransmitKind.Send, sent, operation.AskedAt, error);
        if (error == SocketError.Success)
            operation.SetResult(new TransmitResult(sent));
        else
            operation.SetError(WriteErrors.Create(connection, operation, sent, error, cause));
        (operation as TransmitOperation)?.Batch.Clear();
        if (!operation.TryCompleteUnawaited())
            connection.Socket.Schedule(operation);
    }

    private Exception? Refusal()
    {
        if (connection.IsDisposed)
            return Connection.CreateDisposedError();
        if (_broken is not null)
            return connection.CreateError(_broken.Value, "sending");
        if (connection.CloseStarted)
            return connection.CreateError(SocketError.NotConnected, "sending");
        return _finQueued ? connection.CreateError(SocketError.Shutdown, "sending after CompleteWritesAsync") : null;
    }

    private void Append(WriteOperation operation, CancellationToken token)
    {
        operation.SetToken(token);
        operation.Owner = this;
        if (IsHeard)
            operation.AskedAt = _hub!.Now();
        _queue.Append(operation);
    }
}
