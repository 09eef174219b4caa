using System.Net.Sockets;
using RxSockets.Operations;

namespace RxSockets.Sockets;

/// <content>Transmits: one at a time, a batch of its own each, in the order of the sends around it; and those who hear of what ended.</content>
internal sealed partial class WriteQueue
{
    private TransmitHub? _hub;

    /// <summary>Tells of every send and transmit that ended. Made when first asked for: most connections send unheard.</summary>
    public TransmitHub Hub
    {
        get
        {
            lock (sync)
            {
                if (_hub is null)
                {
                    _hub = new TransmitHub(connection);
                    if (_lifeEnded)
                        _hub.Complete();
                }

                return _hub;
            }
        }
    }

    /// <summary>Queues a transmit; one that disconnects has the FIN behind it, and nothing more may follow.</summary>
    public ValueTask<TransmitResult> TransmitAsync(TransmitOperation operation, CancellationToken token)
    {
        lock (sync)
        {
            if (Refusal() is { } refusal)
            {
                operation.Abandon();
                return ValueTask.FromException<TransmitResult>(refusal is SocketException error ? new TransmitException(error.SocketErrorCode, 0, error.Message) : refusal);
            }

            _finQueued |= operation.Disconnects;
            Append(operation, token);
            Pump();
        }

        operation.RegisterCancellation(token);
        return operation.Task;
    }

    /// <summary>The transmit in flight has come this far.</summary>
    public void OnTransmitProgress(long bytes)
    {
        lock (sync)
        {
            if (_queue.Head is not TransmitOperation { IsStarted: true } transmit)
                return;
            BytesSent += bytes - transmit.Sent;
            if (transmit.Advance(bytes) is { } report)
                connection.Socket.Schedule(report);
        }
    }

    private bool IsHeard => _hub is { IsHeard: true };

    private void PumpTransmit(TransmitOperation transmit)
    {
        transmit.IsStarted = true;
        if (transmit.Batch.Count == 0)
        {
            Transmitted(transmit, 0, SocketError.Success);
            return;
        }

        WriteStart start = WriteStart.Of(connection.Socket, transmit.Batch);
        if (start.Pends)
            _inFlight = true;
        else if (start.Unusable is not null)
            Withdraw(_queue.Dequeue(), start.Error, start.Unusable);
        else
            Transmitted(transmit, start.Sent, start.Error);
    }

    private void Transmitted(TransmitOperation transmit, long bytes, SocketError error)
    {
        BytesSent += transmit.MoveTo(bytes);
        _queue.Dequeue();   // a FIN that fails ends everything that is queued, and this has its end already
        if (error == SocketError.Success && transmit.Disconnects)
            error = SendFin();
        Complete(transmit, error);
        if (error != SocketError.Success)
            Fail(error);
    }
}
