using System.Net;
using System.Net.Sockets;
using RxSockets.Operations;

namespace RxSockets.Sockets;

/// <summary>
/// The sending half of a datagram socket: datagrams leave in call order, one engine send in flight at a time; what queued up meanwhile leaves as one
/// batch. A datagram that fails concerns nobody else. Guarded by the socket's lock.
/// </summary>
internal sealed class DatagramWriteQueue(DatagramSocket socket, Lock sync) : IDatagramWriteOwner
{
    private readonly DatagramBatch _batch = new();
    private LinkedQueue<DatagramWrite> _queue;
    private bool _inFlight;
    private bool _connectAsked;
    private bool _broken;
    private bool _oneByOne;

    public long Sent { get; private set; }

    /// <summary>Under the lock: nothing is queued or in flight.</summary>
    public bool IsIdle => _queue.Head is null && !_inFlight;

    /// <summary>Errors that the network reported to a send.</summary>
    public long NetworkErrors { get; private set; }

    /// <summary>The peer, once connected.</summary>
    public IPEndPoint? Remote { get; private set; }

    public ValueTask SendAsync(ReadOnlyMemory<byte> memory, EndPoint? destination, CancellationToken token)
    {
        if (token.IsCancellationRequested)
            return ValueTask.FromCanceled(token);
        DatagramSendOperation operation = DatagramSendOperation.Rent(memory);
        if (destination is not null && !(destination is IPEndPoint ip && operation.SetDestination(ip, socket.Family)))
            return Refused(operation, CreateError(SocketError.AddressFamilyNotSupported, destination));
        lock (sync)
        {
            if (Refusal(connected: destination is null) is { } refusal)
                return Refused(operation, refusal);
            if (IsIdle)
            {
                operation.Fill(_batch);
                WriteStart start = WriteStart.Of(socket.Engine, _batch);
                if (!start.Pends)
                {
                    _batch.Clear();
                    Count((int)start.Sent, start.Error);
                    operation.Abandon();
                    return start.Error == SocketError.Success
                        ? ValueTask.CompletedTask
                        : ValueTask.FromException(CreateError(start.Error, destination, start.Unusable));
                }

                _inFlight = true;
                Append(operation, token);
            }
            else
            {
                Append(operation, token);
                Pump();
            }
        }

        operation.RegisterCancellation(token);
        return operation.VoidTask;
    }

    public ValueTask ConnectAsync(EndPoint remote, CancellationToken token)
    {
        if (token.IsCancellationRequested)
            return ValueTask.FromCanceled(token);
        if (remote is not IPEndPoint ip || new DatagramAddress().Write(ip, socket.Family) is not { } address)
            return ValueTask.FromException(CreateError(SocketError.AddressFamilyNotSupported, remote));
        var operation = new DatagramConnectOperation(ip, address);
        lock (sync)
        {
            if (Refusal(connected: false) is { } refusal)
                return ValueTask.FromException(refusal);
            _connectAsked = true;
            Append(operation, token);
            Pump();
        }

        operation.RegisterCancellation(token);
        return operation.VoidTask;
    }

    public ValueTask<TransmitResult> TransmitAsync(DatagramTransmitOperation operation, CancellationToken token)
    {
        lock (sync)
        {
            if (Refusal(connected: true) is { } refusal)
            {
                Exception error = operation.CreateError(refusal);
                operation.Abandon();
                return ValueTask.FromException<TransmitResult>(error);
            }

            if (operation.IsEmpty)
            {
                operation.Abandon();
                return default;
            }

            Append(operation, token);
            Pump();
        }

        operation.RegisterCancellation(token);
        return operation.Task;
    }

    /// <summary>Under the lock: nothing leaves any more. What is queued ends now, what is in flight with its real end.</summary>
    public void Break()
    {
        _broken = true;
        if (!_inFlight)
            FailAll();
    }

    /// <summary>The engine's word on the batch in flight.</summary>
    public void OnSendCompleted(int datagrams, SocketError error)
    {
        lock (sync)
        {
            _inFlight = false;
            Account(datagrams, error);
            Pump();
        }
    }

    public void Resume()
    {
        lock (sync)
            Pump();
    }

    void IDatagramWriteOwner.CancelWrite(DatagramWrite operation)
    {
        lock (sync)
        {
            // In flight: its end comes with the batch's. Busy: it is looked at when it goes on.
            if (operation.InBatch > 0)
            {
                if (_inFlight)
                    socket.Engine.CancelSend();
            }
            else if (!operation.IsBusy && _queue.Remove(operation))
            {
                Complete(operation, SocketError.OperationAborted);
            }
        }
    }

    // There is no connection to be reset: it is Windows' word for port unreachable.
    public SocketException CreateError(SocketError error, EndPoint? destination, Exception? cause = null) => SocketErrors.Create(
        error == SocketError.ConnectionReset ? SocketError.ConnectionRefused : error, "sending a datagram", destination ?? Remote, cause);

    // Hands over the next batch, or connects, for as long as things end at once.
    private void Pump()
    {
        while (!_inFlight && !_broken && _queue.Head is { } head)
        {
            if (head.CancelRequested && !head.IsBusy)
                Complete(_queue.Dequeue(), SocketError.OperationAborted);
            else if (head is { IsBusy: false, Failure: not SocketError.Success })
                Complete(_queue.Dequeue(), head.Failure);
            else if (head is DatagramConnectOperation connect)
                Connect(connect);
            else if (!SendNext())
                break;
        }

        if (_broken && !_inFlight)
            FailAll();
    }

    // False: nothing to hand over now, or it pends.
    private bool SendNext()
    {
        for (DatagramWrite? next = _queue.Head; next is not null and not DatagramConnectOperation; next = next.NextLinked)
        {
            if (next.Fill(_batch) != DatagramFill.All || _oneByOne)
                break;
        }

        if (_batch.Count == 0)
            return _queue.Head is { IsBusy: false, Failure: not SocketError.Success };
        WriteStart start = WriteStart.Of(socket.Engine, _batch);
        if (start.Pends)
        {
            _inFlight = true;
            return false;
        }

        if (start.Unusable is not null)
            Unsent(start.Unusable);
        else
            Account((int)start.Sent, start.Error);
        return true;
    }

    // The owner of a piece threw, and nothing of the batch was sent. To find whose piece it was, the operations then go one by one.
    private void Unsent(Exception unusable)
    {
        _batch.Clear();
        bool alone = _queue.Head is not { NextLinked.InBatch: > 0 };
        for (DatagramWrite? operation = _queue.Head; operation is { InBatch: > 0 }; operation = operation.NextLinked)
            operation.Advance(0);
        _oneByOne = !alone;
        if (alone)
            Complete(_queue.Dequeue(), SocketError.Fault, cause: unusable);
    }

    private void Connect(DatagramConnectOperation connect)
    {
        SocketError error = socket.Engine.Connect(connect.Address);
        if (error == SocketError.Success)
            Remote = connect.Remote;
        _connectAsked = Remote is not null;
        Complete(_queue.Dequeue(), error, connect.Remote);
    }

    // Shares the datagrams taken among the operations of the batch, first come first served; the error is that of the datagram behind them.
    private void Account(int sent, SocketError error)
    {
        _batch.Clear();
        Count(sent, error);
        for (DatagramWrite? operation = _queue.Head; operation is { InBatch: > 0 };)
        {
            DatagramWrite? next = operation.NextLinked;
            int inBatch = operation.InBatch;
            int taken = Math.Min(sent, inBatch);
            sent -= taken;
            if (operation.Advance(taken))
            {
                _queue.Remove(operation);
                Complete(operation, SocketError.Success);
            }
            else if (taken < inBatch && error is not SocketError.Success and not SocketError.OperationAborted)
            {
                _queue.Remove(operation);
                Complete(operation, error);
                error = SocketError.Success;
            }
            else if (operation.CancelRequested)
            {
                _queue.Remove(operation);
                Complete(operation, SocketError.OperationAborted);
            }

            operation = next;
        }
    }

    private void Count(int sent, SocketError error)
    {
        Sent += sent;
        if (error != SocketError.Success && DatagramErrors.IsOfTheNetwork(error))
            NetworkErrors++;
    }

    private void FailAll()
    {
        // One that reads a file right now ends when that is over.
        while (_queue.Head is { IsBusy: false })
            Complete(_queue.Dequeue(), SocketError.OperationAborted);
        socket.FinishIfDone();
    }

    private void Complete(DatagramWrite operation, SocketError error, EndPoint? where = null, Exception? cause = null)
    {
        if (error == SocketError.Success)
            operation.SetResult(new TransmitResult(operation.BytesSent));
        else if (operation.CancelRequested)
            operation.SetError(operation.CreateError(new OperationCanceledException(operation.CancellationToken)));
        else
            operation.SetError(operation.CreateError(CreateError(error, where, cause)));
        socket.Engine.Schedule(operation);
    }

    private Exception? Refusal(bool connected)
    {
        if (socket.IsClosed)
            return new ObjectDisposedException(nameof(RxSockets) + ".RxDatagramSocket");
        return connected && !_connectAsked ? CreateError(SocketError.NotConnected, socket.LocalEndPoint) : null;
    }

    private void Append(DatagramWrite operation, CancellationToken token)
    {
        operation.SetToken(token);
        operation.Owner = this;
        _queue.Append(operation);
    }

    private static ValueTask Refused(DatagramSendOperation operation, Exception error)
    {
        operation.Abandon();
        return ValueTask.FromException(error);
    }
}
