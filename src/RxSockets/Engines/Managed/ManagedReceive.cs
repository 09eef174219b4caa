using System.Net.Sockets;
using RxSockets.Buffers;

namespace RxSockets.Engines.Managed;

/// <summary>The one receive of a socket: single-shot into a buffer of the engine's. Waits for a buffer where the pool is at its limit.</summary>
internal sealed class ManagedReceive(ManagedSocket owner) : SocketAsyncEventArgs(true)
{
    private BufferLease? _buffer;

    public ReceiveStart Start(out BufferLease? buffer, out SocketError error)
    {
        buffer = null;
        error = SocketError.Success;
        _buffer = owner.Engine.Buffers.TryRent();
        if (_buffer is null)
        {
            owner.Engine.AddStarved(owner);
            return ReceiveStart.Pending;
        }

        if (Submit())
            return ReceiveStart.Pending;
        owner.Engine.Statistics.Completed(Verb.Receive);
        ReceiveStart start = Take(out buffer, out error, out bool stopped);
        // A receive that fails because we close is over, not ended; the owner has closed and does not ask.
        if (stopped)
            error = SocketError.OperationAborted;
        return start;
    }

    /// <summary>A buffer came back, or the socket is being closed.</summary>
    public void Retry()
    {
        if (!owner.IsClosing)
        {
            _buffer = owner.Engine.Buffers.TryRent();
            if (_buffer is null)
            {
                owner.Engine.AddStarved(owner);
                return;
            }

            if (Submit())
                return;
        }

        Tell();
    }

    protected override void OnCompleted(SocketAsyncEventArgs e) => Tell();

    private bool Submit()
    {
        SetBuffer(_buffer!.Memory);
        try
        {
            return owner.Socket.ReceiveAsync(this);
        }
        catch (ObjectDisposedException)
        {
            SocketError = SocketError.OperationAborted;
            return false;
        }
    }

    private void Tell()
    {
        ReceiveStart start = Take(out BufferLease? buffer, out SocketError error, out bool stopped);
        owner.BeginTelling(Verb.Receive);
        if (stopped)
            owner.Sink.OnReceiveStopped();
        else if (start == ReceiveStart.Received)
            owner.Sink.OnReceived(buffer!, more: false);
        else
            owner.Sink.OnReceiveEnded(error);
        owner.EndTelling();
    }

    private ReceiveStart Take(out BufferLease? buffer, out SocketError error, out bool stopped)
    {
        BufferLease? filled = _buffer;
        _buffer = null;
        buffer = null;
        error = SocketError;
        stopped = filled is null || (error != SocketError.Success && owner.IsClosing);
        if (stopped || error != SocketError.Success || BytesTransferred == 0)
        {
            if (filled is not null)
            {
                filled.Fill(0, holder: null);
                filled.Release();
            }

            return ReceiveStart.Ended;
        }

        filled!.Fill(BytesTransferred, holder: null);
        buffer = filled;
        return ReceiveStart.Received;
    }
}
