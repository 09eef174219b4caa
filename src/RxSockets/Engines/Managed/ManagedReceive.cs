using System.Net.Sockets;
using RxSockets.Buffers;

namespace RxSockets.Engines.Managed;

/// <summary>The one receive of a socket: single-shot into a buffer of the engine's. Waits for a buffer where the pool is at its limit.</summary>
internal sealed class ManagedReceive(ManagedSocket owner) : SocketAsyncEventArgs(true)
{
    private BufferLease? _buffer;
    private bool _probing;
    private int _waiting;

    /// <summary>It is in the engine's list of sockets without a buffer.</summary>
    public bool IsWaiting => Volatile.Read(ref _waiting) != 0;

    public ReceiveStart Start(out BufferLease? buffer, out SocketError error)
    {
        buffer = null;
        error = SocketError.Success;
        // Where buffers are short, one is taken only when data is there: connections that wait must not hold all of them.
        _probing = owner.Engine.Buffers.Pool.IsShort;
        if (_probing ? Submit() : !TryRent() || Submit())
            return ReceiveStart.Pending;
        if (_probing && SocketError == SocketError.Success)
        {
            _probing = false;
            if (!TryRent() || Submit())
                return ReceiveStart.Pending;
        }

        owner.Engine.Statistics.Completed(Verb.Receive);
        ReceiveStart start = Take(out buffer, out error, out bool stopped);
        // A receive that fails because we close is over, not ended; the owner has closed and does not ask.
        if (stopped)
            error = SocketError.OperationAborted;
        return start;
    }

    private void Retry()
    {
        _probing = false;
        if (!owner.IsClosing && (!TryRent() || Submit()))
            return;
        Tell();
    }

    protected override void OnCompleted(SocketAsyncEventArgs e)
    {
        if (_probing && SocketError == SocketError.Success)
            Retry();
        else
            Tell();
    }

    /// <summary>From the engine's list, or because the socket is being closed: whichever comes first.</summary>
    public void Resume()
    {
        if (Interlocked.Exchange(ref _waiting, 0) != 0)
            Retry();
        else
            owner.Engine.Buffers.PassOn();
    }

    private bool TryRent()
    {
        _buffer = owner.Engine.Buffers.Pool.TryRent();
        if (_buffer is not null)
            return true;
        Volatile.Write(ref _waiting, 1);
        owner.Engine.Buffers.AddStarved(owner.RetryReceive);
        return false;
    }

    private bool Submit()
    {
        SetBuffer(_buffer?.Memory ?? default);
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
