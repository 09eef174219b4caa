using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using RxSockets.Buffers;
using RxSockets.Operations;
using static RxSockets.Native.Windows.WindowsConstants;

namespace RxSockets.Engines.Iocp;

/// <summary>
/// A connected handle on a loop. What the owner asks is done on the asking thread, under this socket's lock; what comes of it is told from the loop's
/// thread, never from inside a call. Close: CancelIoEx, wait for the packet of everything in flight, closesocket, then the blocks go back:
/// a handle closed with a send or a transmit in flight would not give a packet before the peer closes.
/// </summary>
internal sealed unsafe class IocpSocket : EngineSocket, ICancellable
{
    private const int CloseCommand = 1;
    private const int CancelSendCommand = 2;
    private const int RecycleFailedCommand = 4;

    private readonly IocpEngine _engine;
    private readonly Node _node;
    private readonly IocpReceive _receive;
    private readonly IocpSend _send;
    private readonly AcceptSet? _origin;
    private IocpTransmit? _transmit;
    private IocpRecycle? _recycle;
    private bool _optionsTouched;
    private readonly long _establishedAt;
    private EndPoint? _local;
    private UnownedSocket? _safeHandle;
    private bool _closing;
    private bool _closed;
    // Sends and transmits started, and the one a cancel was asked for; under the lock.
    private int _writes;
    private int _cancelledWrite;

    /// <summary><paramref name="origin"/>: the accepts it came from; null for what was connected.</summary>
    public IocpSocket(
        IocpEngine engine, WinsockExtensions extensions, IocpLoop loop, nint socket, nuint key, EndPoint? local, EndPoint? remote, long establishedAt, AcceptSet? origin)
    {
        Extensions = extensions;
        _origin = origin;
        _engine = engine;
        Loop = loop;
        Native = socket;
        Key = key;
        _local = local;
        RemoteEndPoint = remote;
        _establishedAt = establishedAt;
        _node = new Node(this);
        _receive = new IocpReceive(this);
        _send = new IocpSend(this);
        loop.SocketAdded();
    }

    public IocpLoop Loop { get; }

    public IWinsock Winsock => _engine.Winsock;

    public WinsockExtensions Extensions { get; }

    public TransmitLimit Transmits => _engine.Transmits;

    public nint Native { get; }

    public nuint Key { get; }

    /// <summary>Guards what is in flight and whether anything may be started.</summary>
    public Lock Sync { get; } = new();

    public ISocketSink Sink { get; private set; } = null!;

    /// <summary>Under the lock: closing began, nothing is started again.</summary>
    public bool IsClosing => _closing;

    public override EndPoint? LocalEndPoint
    {
        get
        {
            lock (Sync)
                return _local ??= _closed ? null : WinsockSocket.Name(Winsock, Native, peer: false);
        }
    }

    public override EndPoint? RemoteEndPoint { get; }

    public override SafeHandle Handle => _safeHandle ??= new UnownedSocket(Native);

    public override TimeSpan? ConnectTime => _engine.Options.TimeProvider.GetElapsedTime(_establishedAt);

    public override int UnreadBytes
    {
        get
        {
            lock (Sync)
                return _closed ? 0 : WinsockSocket.Unread(Winsock, Native);
        }
    }

    public override void Attach(ISocketSink sink) => Sink = sink;

    public override ReceiveStart StartReceive(out BufferLease? buffer, out SocketError error) => _receive.Start(out buffer, out error);

    public override bool StartTransmit(TransmitBatch batch, out long sent, out SocketError error)
    {
        lock (Sync)
        {
            _writes++;
            return (_transmit ??= new IocpTransmit(this)).Start(batch, out sent, out error);
        }
    }

    public override void StopReceive() => _receive.Stop();

    public override bool StartSend(SendBatch batch, out long sent, out SocketError error)
    {
        lock (Sync)
        {
            _writes++;
            return _send.Start(batch, out sent, out error);
        }
    }

    // On the loop's thread, where no completion is half told; by then the write may have ended, and the one behind it is not meant.
    public override void CancelSend()
    {
        lock (Sync)
            _cancelledWrite = _writes;
        Loop.Post(_node, CancelSendCommand);
    }

    public override SocketError ShutdownSend()
    {
        Loop.Statistics.Submitted(Verb.Shutdown);
        SocketError error = WinsockErrors.FromCode(Winsock.Shutdown(Native, SD_SEND));
        // A transmit with TF_DISCONNECT has done it. It is done again all the same: Wine ignores the flag.
        return _transmit is { HasDisconnected: true } && error is SocketError.NotConnected or SocketError.Shutdown ? SocketError.Success : error;
    }

    /// <summary>What was accepted goes back to its listener only, and what was connected to connect only: so Windows has it.</summary>
    public override bool CanRecycle => RemoteEndPoint is IPEndPoint && Extensions.DisconnectExPointer is not null && _origin is null or { TakesHandles: true };

    public override void Recycle()
    {
        lock (Sync)
        {
            if (_closing || (_recycle ??= new IocpRecycle(this)).TryStart(Extensions))
                return;
        }

        Loop.Post(_node, RecycleFailedCommand);
    }

    public override void Close(bool abort)
    {
        lock (Sync)
        {
            if (_closed)
                return;
            if (abort)
                WinsockSocket.SetReset(Winsock, Native);
            if (!_closing)
                Loop.Statistics.Submitted(Verb.Close);
            _closing = true;
            if (IsBusy)
            {
                Loop.Statistics.Submitted(Verb.Cancel);
                _ = Winsock.Cancel(Native, null);
                Loop.WatchCancelled(this);
            }
        }

        Loop.Post(_node, CloseCommand);
    }

    public override int GetOption(SocketOptionLevel level, SocketOptionName name)
    {
        lock (Sync)
        {
            ThrowIfClosed();
            int error = WinsockSocket.GetOption(Winsock, Native, (int)level, (int)name, out int value);
            return error == 0 ? value : throw WinsockSocket.Error(error, $"getting {name}");
        }
    }

    // The enumerations of System.Net.Sockets are Winsock's numbers.
    public override void SetOption(SocketOptionLevel level, SocketOptionName name, int value)
    {
        lock (Sync)
        {
            ThrowIfClosed();
            _optionsTouched = true;
            int error = WinsockSocket.SetOption(Winsock, Native, (int)level, (int)name, value);
            if (error != 0)
                throw WinsockSocket.Error(error, $"setting {name}");
        }
    }

    public override void Schedule(CompletionWork work) => Loop.Schedule(work);

    bool ICancellable.CancelAgain()
    {
        lock (Sync)
        {
            if (_closed || !IsBusy)
                return false;
            _ = Winsock.Cancel(Native, null);
            return true;
        }
    }

    /// <summary>On the loop's thread: something ended; when it was the last of a closing socket, the handle is closed.</summary>
    public void FinishCloseIfIdle()
    {
        lock (Sync)
        {
            if (!_closing || _closed || IsBusy)
                return;
            _closed = true;
            _safeHandle?.SetHandleAsInvalid();
            if (Winsock.Close(Native) == (int)SocketError.WouldBlock)
            {
                // A linger time that the user set, on a handle that must not block: what is left is given up.
                WinsockSocket.SetReset(Winsock, Native);
                _ = Winsock.Close(Native);
            }
        }

        Leave();
        Loop.Statistics.Completed(Verb.Close);
        Sink.OnClosed();
    }

    /// <summary>On the loop's thread: DisconnectEx ended. <paramref name="kept"/>: the handle has no connection any more.</summary>
    public void Recycled(bool kept)
    {
        IocpHandle? handle = null;
        lock (Sync)
        {
            // A handle that was given out may have been used to set anything.
            if (kept && !_closing && (!(_optionsTouched || _safeHandle is not null) || ResetOptions() == 0))
                handle = new IocpHandle(Winsock, Native, Loop, Key, RemoteEndPoint!.AddressFamily);
            if (handle is null || (_origin is not null && !_origin.TryGiveBack(handle)))
            {
                if (!_closing)
                    Loop.Statistics.Submitted(Verb.Close);
                _closing = true;
                handle = null;
            }
            else
            {
                _closed = true;
                _safeHandle?.SetHandleAsInvalid();
            }
        }

        if (handle is null)
        {
            FinishCloseIfIdle();
            return;
        }

        Leave();
        Sink.OnRecycled(_origin is null ? handle : null);
    }

    private void CancelWrite()
    {
        lock (Sync)
        {
            if (_cancelledWrite != _writes)
                return;
            _send.Cancel();
            _transmit?.Cancel();
        }
    }

    private bool IsBusy => _receive.InFlight || _send.InFlight || _transmit is { InFlight: true } || _recycle is { InFlight: true };

    private int ResetOptions() => WinsockReuse.ResetOptions(Winsock, Native, WinsockAddress.Family(RemoteEndPoint!));

    private void Leave()
    {
        _receive.ReturnBlock();
        _send.ReturnBlock();
        _transmit?.Free();
        _recycle?.ReturnBlock();
        Loop.SocketRemoved();
    }

    private void ThrowIfClosed()
    {
        if (_closed)
            throw new SocketException((int)SocketError.NotSocket);
    }

    private sealed class Node(IocpSocket socket) : LoopNode
    {
        public override void Execute(int commands)
        {
            if ((commands & CancelSendCommand) != 0)
                socket.CancelWrite();

            if ((commands & RecycleFailedCommand) != 0)
                socket.Recycled(kept: false);
            if ((commands & CloseCommand) == 0)
                return;
            socket._receive.EndIfParked();
            socket.FinishCloseIfIdle();
        }
    }
}
