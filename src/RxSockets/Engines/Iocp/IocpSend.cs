using System.Net.Sockets;
using RxSockets.Native.Windows;
using RxSockets.Operations;

namespace RxSockets.Engines.Iocp;

/// <summary>
/// The send of a socket. What is small is tried with a plain WSASend, which does not block: where the kernel has room it ends here and now, without a
/// packet. The rest goes as one overlapped WSASend; its pieces stay pinned until the completion (the array of them is captured by the call).
/// Guarded by the socket's lock.
/// </summary>
internal sealed unsafe class IocpSend(IocpSocket socket) : IocpRequest(socket.Loop), ICancellable
{
    /// <summary>Beyond this the kernel would have to copy what an overlapped send only locks.</summary>
    private const int DirectBytes = 65536;

    private PinnedPieces _pins;
    private SendBatch? _batch;
    private long _sent;
    private bool _cancelAsked;

    public bool InFlight { get; private set; }

    /// <summary>True: pending.</summary>
    public bool Start(SendBatch batch, out long sent, out SocketError error)
    {
        lock (socket.Sync)
        {
            _batch = batch;
            _sent = 0;
            _cancelAsked = false;
            _pins.Pin(batch.Pieces, SendBatch.MaxPieces);
            error = SocketError.WouldBlock;
            if (batch.Bytes <= DirectBytes)
                error = TryDirect();
            if (error == SocketError.WouldBlock)
                error = Submit();
            sent = _sent;
            if (InFlight)
                return true;
            Unpin();
            return false;
        }
    }

    public void Cancel()
    {
        lock (socket.Sync)
        {
            _cancelAsked = true;
            if (!InFlight)
                return;
            Loop.Statistics.Submitted(Verb.Cancel);
            _ = socket.Winsock.Cancel(socket.Native, Overlapped);
            Loop.WatchCancelled(this);
        }
    }

    bool ICancellable.CancelAgain()
    {
        lock (socket.Sync)
        {
            if (!InFlight || !_cancelAsked)
                return false;
            _ = socket.Winsock.Cancel(socket.Native, Overlapped);
            return true;
        }
    }

    public override void OnCompletion(uint status, uint bytes)
    {
        SocketError error;
        long sent;
        lock (socket.Sync)
        {
            InFlight = false;
            Loop.Statistics.Completed(Verb.Send);
            sent = _sent += bytes;
            error = ToReset(WinsockErrors.FromStatus(status));
            if (sent == _batch!.Bytes)
                error = SocketError.Success;
            else if (error == SocketError.Success)
                error = _cancelAsked || socket.IsClosing ? SocketError.OperationAborted : Submit();
            if (InFlight)
                return;
            Unpin();
        }

        socket.Sink.OnSendCompleted(sent, error);
        socket.FinishCloseIfIdle();
    }

    private SocketError TryDirect()
    {
        WSABUF* vector = stackalloc WSABUF[SendBatch.MaxPieces];
        uint sent = 0;
        int code = socket.Winsock.Send(socket.Native, vector, Fill(vector), &sent, null);
        if (code != 0)
            return ToReset(WinsockErrors.FromCode(code));
        _sent += sent;
        if (_sent < _batch!.Bytes)
            return SocketError.WouldBlock;
        Interlocked.Increment(ref Loop.Statistics.DirectSends);
        return SocketError.Success;
    }

    private SocketError Submit()
    {
        WSABUF* vector = stackalloc WSABUF[SendBatch.MaxPieces];
        uint count = Fill(vector);
        uint sent = 0;
        OVERLAPPED* overlapped = Begin(socket.Key);
        Loop.Statistics.Submitted(Verb.Send);
        InFlight = true;
        int code = socket.Winsock.Send(socket.Native, vector, count, &sent, overlapped);
        if (code is 0 or Win32Error.ERROR_IO_PENDING)
            return SocketError.Success;
        InFlight = false;
        NotBegun();
        Loop.Statistics.Completed(Verb.Send);
        return ToReset(WinsockErrors.FromCode(code));
    }

    // What is not sent yet.
    private uint Fill(WSABUF* vector)
    {
        long skip = _sent;
        uint count = 0;
        for (int i = 0; i < _batch!.Count; i++)
        {
            int length = _batch.Pieces[i].Length;
            if (skip >= length)
            {
                skip -= length;
                continue;
            }

            vector[count++] = new WSABUF { buf = _pins.Pointer(i) + skip, len = (uint)(length - skip) };
            skip = 0;
        }

        return count;
    }

    private void Unpin()
    {
        _pins.Unpin();
        _batch = null;
    }

    // Our own FIN is checked for before any send: a side that is shut without it was shut by the peer's reset.
    public static SocketError ToReset(SocketError error) => error == SocketError.Shutdown ? SocketError.ConnectionReset : error;
}
