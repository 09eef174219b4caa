using System.Net;
using System.Net.Sockets;
using System.Runtime.CompilerServices;
using RxSockets.Buffers;
using RxSockets.Operations;

// The awaiter kept in a field is the one consumer of each ValueTask: its result is taken once for each Submit.
#pragma warning disable CA2012

namespace RxSockets.Engines.Managed;

/// <summary>
/// The one receive of a datagram socket: single-shot, by the overload that writes the sender into a SocketAddress, the only one that allocates nothing. It does
/// not tell of truncation, so one byte more than wanted is asked for: if that comes, the datagram was longer.
/// </summary>
internal sealed class ManagedDatagramReceive
{
    private readonly ManagedDatagramSocket _owner;
    private readonly ManagedBuffers _buffers;
    private readonly int _maxDatagramSize;
    private readonly SocketAddress _sender;
    private readonly Action _completed;
    private readonly CompletionWork _retry;
    private ConfiguredValueTaskAwaitable<int>.ConfiguredValueTaskAwaiter _receive;
    private BufferLease? _buffer;
    private bool _probing;
    private int _waiting;

    public ManagedDatagramReceive(ManagedDatagramSocket owner, int maxDatagramSize)
    {
        _owner = owner;
        _maxDatagramSize = maxDatagramSize;
        _buffers = owner.Engine.DatagramBuffers(DatagramLayout.BufferSizeFor(maxDatagramSize));
        _sender = new SocketAddress(owner.LocalEndPoint.AddressFamily);
        _completed = OnCompleted;
        _retry = new RetryWork(this);
    }

    public ReceiveStart Start(out BufferLease? datagram, out SocketError error)
    {
        datagram = null;
        error = SocketError.Success;
        // Where buffers are short, one is taken only when a datagram is there: sockets that wait must not hold all of them.
        _probing = _buffers.Pool.IsShort;
        if (_probing)
        {
            if (Submit())
                return ReceiveStart.Pending;
            error = Result(out _);
            _probing = false;
        }

        if (error == SocketError.Success)
        {
            if (!TryRent() || Submit())
                return ReceiveStart.Pending;
            datagram = Take(out error);
        }

        _owner.Engine.Statistics.Completed(Verb.Receive);
        return datagram is null ? ReceiveStart.Ended : ReceiveStart.Received;
    }

    /// <summary>The socket is being closed: a receive that waits for a buffer ends.</summary>
    public void Close()
    {
        if (Volatile.Read(ref _waiting) != 0)
            _owner.Engine.Schedule(new RetryWork(this));
    }

    private void OnCompleted()
    {
        if (!_probing)
        {
            Tell();
            return;
        }

        SocketError probed = Result(out _);
        if (probed == SocketError.Success)
            Retry();
        else
            Tell(probed);
    }

    private void Resume()
    {
        if (Interlocked.Exchange(ref _waiting, 0) != 0)
            Retry();
        else
            _buffers.PassOn();
    }

    private void Retry()
    {
        _probing = false;
        if (_owner.IsClosing)
            Tell(SocketError.OperationAborted);
        else if (TryRent() && !Submit())
            Tell();
    }

    private bool TryRent()
    {
        _buffer = _buffers.Pool.TryRent();
        if (_buffer is not null)
            return true;
        Volatile.Write(ref _waiting, 1);
        _buffers.AddStarved(_retry);
        // A close that looked before we waited has woken nobody.
        if (_owner.IsClosing)
            Close();
        return false;
    }

    // True: pending.
    private bool Submit()
    {
        Memory<byte> memory = _buffer?.Memory.Slice(DatagramLayout.PayloadOffset, _maxDatagramSize + 1) ?? default;
        // An empty peek waits until a datagram is there and takes nothing.
        _sender.Size = _sender.Buffer.Length;
        try
        {
            _receive = _owner.Socket.ReceiveFromAsync(memory, _probing ? SocketFlags.Peek : SocketFlags.None, _sender).ConfigureAwait(false).GetAwaiter();
        }
        catch (ObjectDisposedException disposed)
        {
            _receive = ValueTask.FromException<int>(disposed).ConfigureAwait(false).GetAwaiter();
        }

        if (_receive.IsCompleted)
            return false;
        _receive.UnsafeOnCompleted(_completed);
        return true;
    }

    private void Tell()
    {
        BufferLease? datagram = Take(out SocketError error);
        if (datagram is null)
        {
            Tell(error);
            return;
        }

        _owner.InFlight.BeginTelling(Verb.Receive);
        _owner.Sink.OnReceived(datagram, more: false);
        _owner.InFlight.EndTelling();
    }

    private void Tell(SocketError error)
    {
        _owner.InFlight.BeginTelling(Verb.Receive);
        _owner.Sink.OnReceiveStopped(_owner.IsClosing ? SocketError.Success : error);
        _owner.InFlight.EndTelling();
    }

    private BufferLease? Take(out SocketError error)
    {
        error = Result(out int length);
        BufferLease? buffer = _buffer;
        _buffer = null;
        if (error == SocketError.Success)
        {
            _sender.Buffer.Span[.._sender.Size].CopyTo(buffer!.Memory.Span[DatagramLayout.AddressOffset..]);
            buffer.FillDatagram(_sender.Size, Math.Min(length, _maxDatagramSize), truncated: length > _maxDatagramSize);
            return buffer;
        }

        buffer?.Fill(0, holder: null);
        buffer?.Release();
        return null;
    }

    // Once for each Submit.
    private SocketError Result(out int length)
    {
        length = 0;
        try
        {
            length = _receive.GetResult();
            return SocketError.Success;
        }
        catch (SocketException failure) when (failure.SocketErrorCode == SocketError.MessageSize && OperatingSystem.IsWindows())
        {
            // Windows fills the buffer and calls the rest an error.
            length = _probing ? 0 : _maxDatagramSize + 1;
            return SocketError.Success;
        }
        catch (SocketException failure)
        {
            return failure.SocketErrorCode;
        }
        catch (ObjectDisposedException)
        {
            return SocketError.OperationAborted;
        }
    }

    private sealed class RetryWork(ManagedDatagramReceive receive) : CompletionWork
    {
        public override void Run() => receive.Resume();
    }
}
