using System.Net.Sockets;
using RxSockets.Buffers;
using RxSockets.Operations;

namespace RxSockets.Engines.Managed;

/// <summary>The one send of a socket: the pieces of a batch one after the other, each until all of it is taken.</summary>
internal sealed class ManagedSend(ManagedSocket owner) : SocketAsyncEventArgs(true)
{
    private SendBatch _batch = null!;
    private int _piece;
    private int _offset;
    private long _sent;

    /// <summary>True: pending. Throws what a piece's owner throws, and has sent nothing then.</summary>
    public bool Start(SendBatch batch, out long sent, out SocketError error)
    {
        foreach (ReadOnlyMemory<byte> piece in batch.Pieces)
            PinnedMemory.Check(piece);
        _batch = batch;
        _piece = 0;
        _offset = 0;
        _sent = 0;
        bool pending = Go(out error);
        sent = _sent;
        if (!pending)
        {
            Forget();
            owner.Engine.Statistics.Completed(Verb.Send);
        }

        return pending;
    }

    protected override void OnCompleted(SocketAsyncEventArgs e)
    {
        SocketError error = Account();
        if (error == SocketError.Success && Go(out error))
            return;
        Forget();
        owner.BeginTelling(Verb.Send);
        owner.Sink.OnSendCompleted(_sent, error);
        owner.EndTelling();
    }

    // The memory is the caller's again: a connection that rests must not keep it alive.
    private void Forget() => SetBuffer(Memory<byte>.Empty);

    // Sends until something pends, fails, or all is taken.
    private bool Go(out SocketError error)
    {
        error = SocketError.Success;
        while (error == SocketError.Success && _piece < _batch.Count)
        {
            try
            {
                SetBuffer(System.Runtime.InteropServices.MemoryMarshal.AsMemory(_batch.Pieces[_piece][_offset..]));
                if (owner.Socket.SendAsync(this))
                    return true;
            }
            catch (ObjectDisposedException)
            {
                error = SocketError.OperationAborted;
                return false;
            }
            catch (Exception)
            {
                // The owner of a piece threw, behind others that left: nobody above could hear it.
                error = SocketError.Fault;
                return false;
            }

            error = Account();
        }

        return false;
    }

    private SocketError Account()
    {
        if (SocketError != SocketError.Success)
            return owner.IsClosing ? SocketError.OperationAborted : ToReset(SocketError);
        _sent += BytesTransferred;
        _offset += BytesTransferred;
        if (_offset == _batch.Pieces[_piece].Length)
        {
            _piece++;
            _offset = 0;
        }

        return SocketError.Success;
    }

    // EPIPE on a socket whose sending side we did not shut means that the peer has reset; System.Net.Sockets calls it Shutdown.
    public static SocketError ToReset(SocketError error) => error == SocketError.Shutdown ? SocketError.ConnectionReset : error;
}
