using System.Net.Sockets;
using System.Runtime.CompilerServices;
using RxSockets.Operations;

// The awaiter kept in a field is the one consumer of each ValueTask: its result is taken once for each Submit.
#pragma warning disable CA2012

namespace RxSockets.Engines.Managed;

/// <summary>
/// The one send of a datagram socket: the datagrams of a batch one after the other, each by one call. A datagram of several pieces is put together in a rented
/// buffer: System.Net.Sockets gathers only what lies in arrays.
/// </summary>
internal sealed class ManagedDatagramSend
{
    private readonly ManagedDatagramSocket _owner;
    private readonly Action _completed;
    private ConfiguredValueTaskAwaitable<int>.ConfiguredValueTaskAwaiter _send;
    private CancellationTokenSource _cancel = new();
    private CancellationToken _token;
    private DatagramBatch _batch = null!;
    private byte[]? _together;
    private int _sent;

    public ManagedDatagramSend(ManagedDatagramSocket owner)
    {
        _owner = owner;
        _completed = OnCompleted;
    }

    /// <summary>True: pending.</summary>
    public bool Start(DatagramBatch batch, out int sent, out SocketError error)
    {
        _batch = batch;
        _sent = 0;
        _token = _cancel.Token;
        bool pending = Go(out error);
        sent = _sent;
        if (!pending)
            _owner.Engine.Statistics.Completed(Verb.Send);
        return pending;
    }

    /// <summary>Under the owner's lock, as Start. On the pool, since the cancelled send may complete on the cancelling thread; the next send has a source of its own.</summary>
    public void Cancel()
    {
        ThreadPool.UnsafeQueueUserWorkItem(static cancel => cancel.Cancel(), _cancel, preferLocal: false);
        _cancel = new CancellationTokenSource();
    }

    private void OnCompleted()
    {
        SocketError error = Account();
        if (error == SocketError.Success && Go(out error))
            return;
        _owner.InFlight.BeginTelling(Verb.Send);
        _owner.Sink.OnSendCompleted(_sent, error);
        _owner.InFlight.EndTelling();
    }

    // Sends until something pends, fails, or all is taken.
    private bool Go(out SocketError error)
    {
        error = SocketError.Success;
        while (error == SocketError.Success && _sent < _batch.Count)
        {
            if (Submit())
                return true;
            error = Account();
        }

        return false;
    }

    private bool Submit()
    {
        ReadOnlyMemory<byte> datagram = NextDatagram();
        try
        {
            ValueTask<int> sending = _batch.Datagrams[_sent].Destination is { } destination
                ? _owner.Socket.SendToAsync(datagram, SocketFlags.None, destination, _token)
                : _owner.Socket.SendAsync(datagram, SocketFlags.None, _token);
            _send = sending.ConfigureAwait(false).GetAwaiter();
        }
        catch (ObjectDisposedException disposed)
        {
            _send = ValueTask.FromException<int>(disposed).ConfigureAwait(false).GetAwaiter();
        }

        if (_send.IsCompleted)
            return false;
        _send.UnsafeOnCompleted(_completed);
        return true;
    }

    private ReadOnlyMemory<byte> NextDatagram()
    {
        DatagramBatch.Entry entry = _batch.Datagrams[_sent];
        ReadOnlySpan<ReadOnlyMemory<byte>> pieces = _batch.PiecesOf(_sent);
        if (pieces.Length <= 1)
            return pieces.IsEmpty ? default : pieces[0];
        _together = TransmitBuffers.Rent(entry.Bytes);
        int at = 0;
        foreach (ReadOnlyMemory<byte> piece in pieces)
        {
            piece.Span.CopyTo(_together.AsSpan(at));
            at += piece.Length;
        }

        return _together.AsMemory(0, entry.Bytes);
    }

    // Once for each Submit.
    private SocketError Account()
    {
        try
        {
            _ = _send.GetResult();
            _sent++;
            return SocketError.Success;
        }
        catch (SocketException failure)
        {
            return _owner.IsClosing ? SocketError.OperationAborted : failure.SocketErrorCode;
        }
        catch (Exception failure) when (failure is ObjectDisposedException or OperationCanceledException)
        {
            return SocketError.OperationAborted;
        }
        finally
        {
            if (_together is not null)
                TransmitBuffers.Return(_together);
            _together = null;
        }
    }
}
