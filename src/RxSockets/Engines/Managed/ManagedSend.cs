using System.Net.Sockets;

namespace RxSockets.Engines.Managed;

/// <summary>The one send of a socket that waits for the kernel to take more: the pieces of a batch one after the other, each until all of it is taken.</summary>
internal sealed class ManagedSend(ManagedSocket owner) : SocketAsyncEventArgs(true)
{
    private SendProgress _progress;

    /// <summary>Goes on from where the batch is. True: pending.</summary>
    public bool Start(ref SendProgress progress, out SocketError error)
    {
        _progress = progress;
        if (Go(out error))
            return true;
        progress = _progress;
        Forget();
        return false;
    }

    protected override void OnCompleted(SocketAsyncEventArgs e)
    {
        SocketError error = Account();
        if (error == SocketError.Success && Go(out error))
            return;
        long sent = _progress.Sent;
        Forget();
        owner.BeginTelling(Verb.Send);
        owner.Sink.OnSendCompleted(sent, error);
        owner.EndTelling();
    }

    // The memory is the caller's again: a connection that rests must not keep it alive.
    private void Forget()
    {
        _progress = default;
        SetBuffer(Memory<byte>.Empty);
    }

    // Sends until something pends, fails, or all is taken.
    private bool Go(out SocketError error)
    {
        error = SocketError.Success;
        while (error == SocketError.Success && !_progress.IsDone)
        {
            try
            {
                SetBuffer(_progress.Next);
                if (owner.Socket.SendAsync(this))
                    return true;
            }
            catch (Exception failure)
            {
                error = ManagedSocket.ToSendError(failure);
                return false;
            }

            error = Account();
        }

        return false;
    }

    private SocketError Account()
    {
        if (SocketError != SocketError.Success)
            return owner.ToSendError(SocketError);
        _progress.Take(BytesTransferred);
        return SocketError.Success;
    }
}
