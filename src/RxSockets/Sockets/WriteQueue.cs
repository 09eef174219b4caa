using System.Net.Sockets;
using RxSockets.Operations;

namespace RxSockets.Sockets;

/// <summary>
/// The sending half of a connection: everything leaves whole and in call order, one engine send in flight at a time; what queued up
/// meanwhile leaves as one vectored send. Guarded by the connection's lock.
/// </summary>
internal sealed class WriteQueue(Connection connection, Lock sync, long maxBatchBytes) : IWriteOwner
{
    private readonly SendBatch _batch = new();
    private WriteOperation? _head;
    private WriteOperation? _tail;
    private bool _inFlight;
    private bool _finQueued;
    private SocketError? _broken;

    public long BytesSent { get; private set; }

    /// <summary>Under the lock.</summary>
    public bool FinSent { get; private set; }

    /// <summary>Under the lock: nothing is queued or in flight.</summary>
    public bool IsIdle => _head is null && !_inFlight;

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
            if (IsIdle && memory.Length <= maxBatchBytes)
            {
                _batch.Add(memory);
                if (!connection.Socket.StartSend(_batch, out long sent, out SocketError error))
                    return SentAtOnce(sent, error);
                _inFlight = true;
                operation = SendOperation.Rent(memory);
                operation.CoverAll();
                Append(operation, token);
            }
            else
            {
                operation = SendOperation.Rent(memory);
                Append(operation, token);
                Pump();
            }
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

    /// <summary>The engine's word on the send in flight.</summary>
    public void OnSendCompleted(long bytes, SocketError error)
    {
        lock (sync)
        {
            _inFlight = false;
            _batch.Clear();
            BytesSent += bytes;
            Distribute(bytes, error);
            if (error != SocketError.Success)
                connection.SendFailedLocked(error);
            Pump();
        }
    }

    void IWriteOwner.CancelWrite(WriteOperation operation)
    {
        lock (sync)
        {
            bool started = operation is SendOperation { Covered: > 0 };
            if (started)
            {
                if (_inFlight && IsQueued(operation))
                    connection.Socket.CancelSend();
                return;
            }

            if (!Remove(operation))
                return;
            if (operation is FinOperation)
                _finQueued = false;
            operation.SetError(new OperationCanceledException(operation.CancellationToken));
            connection.Socket.Schedule(operation);
        }
    }

    private ValueTask SentAtOnce(long sent, SocketError error)
    {
        _batch.Clear();
        BytesSent += sent;
        if (error == SocketError.Success)
            return ValueTask.CompletedTask;
        _broken ??= error;
        connection.SendFailedLocked(error);
        return ValueTask.FromException(connection.CreateError(error, "sending"));
    }

    // Hands over the next batch, or the FIN, for as long as things end at once.
    private void Pump()
    {
        while (!_inFlight && _broken is null && _head is not null && !connection.CloseStarted)
        {
            if (_head is FinOperation)
            {
                SocketError error = connection.Socket.ShutdownSend();
                FinSent = error == SocketError.Success;
                Complete(Dequeue(), error);
                if (error != SocketError.Success)
                    connection.SendFailedLocked(error);
                continue;
            }

            if (_head is SendOperation { Covered: > 0, CancelRequested: true })
            {
                // The cancel missed the batch that was in flight: what is left of the send does not start.
                Distribute(0, SocketError.OperationAborted);
                connection.SendFailedLocked(SocketError.OperationAborted);
                continue;
            }

            for (WriteOperation? next = _head; next is SendOperation send && !_batch.IsFull && _batch.Bytes < maxBatchBytes; next = next.NextWrite)
                send.AddTo(_batch, maxBatchBytes);
            if (_batch.Count == 0)
            {
                Complete(Dequeue(), SocketError.Success);   // a send of no bytes: its turn is its end
                continue;
            }

            if (connection.Socket.StartSend(_batch, out long sent, out SocketError result))
            {
                _inFlight = true;
                return;
            }

            _batch.Clear();
            BytesSent += sent;
            Distribute(sent, result);
            if (result != SocketError.Success)
                connection.SendFailedLocked(result);
        }

        if (_broken is not null && !_inFlight)
            FailAll();
        connection.WritesMovedLocked();
    }

    // Shares the bytes taken among the operations of the batch, first come first served; whoever is whole is done.
    private void Distribute(long bytes, SocketError error)
    {
        while (_head is SendOperation send)
        {
            long taken = Math.Min(bytes, send.Covered - send.Sent);
            send.Sent += taken;
            bytes -= taken;
            if (send.Sent < send.Length || send.Covered < send.Length)
                break;
            Complete(Dequeue(), SocketError.Success);
        }

        if (error == SocketError.Success)
            return;
        _broken ??= error;
        FailAll();
    }

    private void FailAll()
    {
        while (_head is not null)
            Complete(Dequeue(), _broken!.Value);
    }

    private void Complete(WriteOperation operation, SocketError error)
    {
        if (error == SocketError.Success)
            operation.SetResult(true);
        else if (operation.CancelRequested)
            operation.SetError(new OperationCanceledException(operation.CancellationToken));
        else
            operation.SetError(connection.CreateError(error, "sending"));
        connection.Socket.Schedule(operation);
    }

    private Exception? Refusal()
    {
        if (connection.IsDisposed)
            return new ObjectDisposedException(nameof(RxSockets) + ".RxConnection");
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
        if (_tail is null)
            _head = operation;
        else
            _tail.NextWrite = operation;
        _tail = operation;
    }

    private WriteOperation Dequeue()
    {
        WriteOperation operation = _head!;
        _head = operation.NextWrite;
        if (_head is null)
            _tail = null;
        operation.NextWrite = null;
        return operation;
    }

    private bool IsQueued(WriteOperation operation)
    {
        for (WriteOperation? at = _head; at is not null; at = at.NextWrite)
        {
            if (at == operation)
                return true;
        }

        return false;
    }

    private bool Remove(WriteOperation operation)
    {
        WriteOperation? before = null;
        for (WriteOperation? at = _head; at is not null; before = at, at = at.NextWrite)
        {
            if (at != operation)
                continue;
            if (before is null)
                _head = at.NextWrite;
            else
                before.NextWrite = at.NextWrite;
            if (_tail == at)
                _tail = before;
            at.NextWrite = null;
            return true;
        }

        return false;
    }
}
