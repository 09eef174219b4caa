using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using RxSockets.Buffers;
using RxSockets.Native.Linux;
using RxSockets.Operations;

namespace RxSockets.Engines.IoUring;

/// <summary>
/// A connected descriptor on a loop. What the owner asks comes from any thread under the owner's lock; what may tell the sink at once is always posted, so
/// the sink is never called from inside a call. Close: cancel what is in flight, wait for its last completion, then close the descriptor
/// (closing cancels nothing, and a request in flight would keep the connection open).
/// </summary>
internal sealed unsafe class IoUringSocket : EngineSocket
{
    private const int ReceiveCommand = 1;
    private const int StopCommand = 2;
    private const int SendCommand = 4;
    private const int CancelSendCommand = 8;
    private const int CloseCommand = 16;
    private const int AbortCommand = 32;
    private const int TransmitCommand = 64;
    private const int WorkerDoneCommand = 128;
    private const int RecycleCommand = 256;
    private const int DueCommand = 512;

    private readonly IoUringEngine _engine;
    private readonly Node _node;
    private readonly ReceiveRequest _receive;
    private readonly long _establishedAt;
    private readonly EndPoint? _remote;
    private readonly bool _fromConnect;
    private SendRequest? _send;
    private TransmitRequest? _transmit;
    private RecycleRequest? _recycle;
    private EndPoint? _local;
    private UnownedDescriptor? _handle;
    private bool _closing;
    private bool _closeSubmitted;
    private bool _optionsTouched;
    // Sends and transmits started, and the one a cancel was asked for. Written under the owner's lock; on the loop's thread one of them may be newer.
    private int _writes;
    private int _cancelledWrite;

    public IoUringSocket(IoUringEngine engine, IoUringLoop loop, int descriptor, EndPoint? remote, long establishedAt, bool fromConnect)
    {
        _engine = engine;
        _fromConnect = fromConnect;
        Loop = loop;
        Descriptor = descriptor;
        _remote = remote;
        _establishedAt = establishedAt;
        _node = new Node(this);
        _receive = new ReceiveRequest(this);
        loop.SocketAdded();
    }

    public IoUringLoop Loop { get; }

    public int Descriptor { get; }

    public ISocketSink Sink { get; private set; } = null!;

    /// <summary>On the loop's thread: closing began, nothing is started again.</summary>
    public bool IsClosing => _closing;

    public override EndPoint? LocalEndPoint
    {
        get
        {
            if (_local is null && !Volatile.Read(ref _closeSubmitted) && LinuxSocket.GetName(Descriptor, peer: false, out EndPoint? name) == 0)
                _local = name;
            return _local;
        }
    }

    public override EndPoint? RemoteEndPoint => _remote;

    public override SafeHandle Handle => _handle ??= new UnownedDescriptor(Descriptor);

    public override TimeSpan? ConnectTime => _engine.Options.TimeProvider.GetElapsedTime(_establishedAt);

    public override int UnreadBytes
    {
        get
        {
            int value = 0;
            return !Volatile.Read(ref _closeSubmitted) && Libc.ioctl(Descriptor, LinuxConstants.FIONREAD, &value) == 0 ? value : 0;
        }
    }

    public override long PeerProgress => Volatile.Read(ref _closeSubmitted) ? 0 : LinuxSocket.PeerProgress(Descriptor);

    public override bool IsReset => !Volatile.Read(ref _closeSubmitted) && LinuxSocket.IsClosedState(Descriptor);

    public override void Attach(ISocketSink sink) => Sink = sink;

    public override ReceiveStart StartReceive(out BufferLease? buffer, out SocketError error)
    {
        buffer = null;
        error = SocketError.Success;
        if (Loop.IsCurrent)
            _receive.Submit();
        else
            Loop.Post(_node, ReceiveCommand);
        return ReceiveStart.Pending;
    }

    public override void StopReceive()
    {
        // At once where that tells nobody: posted, it would come behind the next burst of up to 32 buffers.
        if (!Loop.IsCurrent || !_receive.TryStopArmed())
            Loop.Post(_node, StopCommand);
    }

    public override bool TryDeferSend()
    {
        if (Loop.IsCurrent)
        {
            Loop.AddDue(this);
            return true;
        }

        if (Loop.PrefersDirect)
            return false;
        Loop.Post(_node, DueCommand);
        return true;
    }

    /// <summary>On the loop's thread, before the kernel is asked.</summary>
    public void SendDue() => Sink.OnSendDue();

    public override bool StartSend(SendBatch batch, out long sent, out SocketError error)
    {
        sent = 0;
        error = SocketError.Success;
        SendRequest send = _send ??= new SendRequest(this);
        Volatile.Write(ref _writes, _writes + 1);
        send.Begin(batch);
        if (Loop.IsCurrent)
        {
            send.Submit();
            return true;
        }

        // A loop that is awake, or will be woken for others too, takes a send for a few nanoseconds; one that sleeps costs a wake-up, and a direct send is cheaper then.
        if (Loop.PrefersDirect && send.TryDirect(out error))
        {
            sent = send.Sent;
            return false;
        }

        Loop.Post(_node, SendCommand);
        return true;
    }

    public override bool StartTransmit(TransmitBatch batch, out long sent, out SocketError error)
    {
        TransmitRequest transmit = _transmit ??= new TransmitRequest(this);
        Volatile.Write(ref _writes, _writes + 1);
        transmit.Begin(batch);
        sent = 0;
        error = SocketError.Success;
        // As with a send: here and now where the loop sleeps or this is its thread.
        if ((Loop.IsCurrent || Loop.IsSleeping) && transmit.TryAtOnce(out error))
        {
            sent = transmit.Sent;
            return false;
        }

        ProceedTransmit();
        return true;
    }

    /// <summary>The transmit goes on in the loop's next round.</summary>
    public void ProceedTransmit() => Loop.Post(_node, TransmitCommand);

    /// <summary>On a worker's thread: its share is done.</summary>
    public void TransmitWorkerDone() => Loop.Post(_node, WorkerDoneCommand);

    /// <summary>The kernel gives accept a new descriptor every time: what came from accept has no use once it is over.</summary>
    public override bool CanRecycle => _fromConnect && LinuxSocket.Family(_remote) is LinuxConstants.AF_INET or LinuxConstants.AF_INET6;

    public override void Recycle() => Loop.Post(_node, RecycleCommand);

    public override void CancelSend()
    {
        Volatile.Write(ref _cancelledWrite, _writes);
        Loop.Post(_node, CancelSendCommand);
    }

    public override SocketError ShutdownSend()
    {
        Loop.Statistics.Submitted(Verb.Shutdown);
        int result = Libc.shutdown(Descriptor, LinuxConstants.SHUT_WR);
        int error = Marshal.GetLastSystemError();
        return result == 0 ? SocketError.Success : ErrnoMap.ToSocketError(error);
    }

    public override void Close(bool abort) => Loop.Post(_node, abort ? AbortCommand : CloseCommand);

    public override int GetOption(SocketOptionLevel level, SocketOptionName name)
    {
        (int nativeLevel, int nativeName) = Mapped(level, name);
        int result = LinuxSocket.GetOption(Descriptor, nativeLevel, nativeName, out int value);
        return result == 0 ? value : throw LinuxSocket.Error(result, $"getting {name}");
    }

    public override void SetOption(SocketOptionLevel level, SocketOptionName name, int value)
    {
        (int nativeLevel, int nativeName) = Mapped(level, name);
        _optionsTouched = true;
        int result = LinuxSocket.SetOption(Descriptor, nativeLevel, nativeName, value);
        if (result < 0)
            throw LinuxSocket.Error(result, $"setting {name}");
    }

    public override void Schedule(CompletionWork work) => Loop.Schedule(work);

    /// <summary>On the loop's thread: a request ended; when it was the last one of a closing socket, the descriptor is closed.</summary>
    public void FinishCloseIfIdle()
    {
        if (!_closing || _closeSubmitted || _receive.InFlight || _send is { InFlight: true } || _transmit is { InFlight: true } || _recycle is { InFlight: true })
            return;
        Volatile.Write(ref _closeSubmitted, true);
        _handle?.SetHandleAsInvalid();
        _receive.SubmitClose();
    }

    /// <summary>On the loop's thread: the descriptor is closed.</summary>
    public void OnDescriptorClosed()
    {
        Leave();
        Sink.OnClosed();
    }

    /// <summary>On the loop's thread: both directions are over; the descriptor goes on without this socket.</summary>
    public void Recycled()
    {
        int family = LinuxSocket.Family(_remote);
        // A handle that was given out may have been used to set anything.
        bool reset = !_optionsTouched && _handle is null || LinuxReuse.ResetOptions(Descriptor, family) == 0;
        if (!reset || LinuxReuse.Dissolve(Descriptor) < 0)
        {
            _closing = true;
            FinishCloseIfIdle();
            return;
        }

        if (_transmit is not null)
            _ = LinuxSocket.SetNonBlocking(Descriptor, false);
        Volatile.Write(ref _closeSubmitted, true);
        _handle?.SetHandleAsInvalid();
        Leave();
        Loop.Statistics.Completed(Verb.Recycle);
        Sink.OnRecycled(new IoUringHandle(Descriptor, _remote!.AddressFamily));
    }

    private void Leave()
    {
        Loop.Requests.Remove(_receive);
        if (_send is not null)
        {
            Loop.Requests.Remove(_send);
            _send.Free();
        }

        if (_transmit is not null)
            Loop.Requests.Remove(_transmit);
        Loop.SocketRemoved();
    }

    private static (int Level, int Name) Mapped(SocketOptionLevel level, SocketOptionName name) =>
        LinuxSocket.MapOption(level, name) ?? throw new SocketException((int)SocketError.ProtocolOption);

    private void Execute(int commands)
    {
        if (_closeSubmitted)
            return;
        if ((commands & ReceiveCommand) != 0)
            _receive.Submit();
        if ((commands & SendCommand) != 0)
            _send!.Submit();
        if ((commands & DueCommand) != 0)
            Loop.AddDue(this);
        if ((commands & WorkerDoneCommand) != 0)
            _transmit!.WorkerDone();
        if ((commands & TransmitCommand) != 0)
            _transmit!.Proceed();
        if ((commands & StopCommand) != 0)
            _receive.Stop();
        // Posted, it may come when its write has ended and the next one is in flight: that one is not meant.
        if ((commands & CancelSendCommand) != 0 && Volatile.Read(ref _cancelledWrite) == Volatile.Read(ref _writes))
            CancelWrites();
        if ((commands & RecycleCommand) != 0 && !_closing)
        {
            Loop.Statistics.Submitted(Verb.Recycle);
            (_recycle ??= new RecycleRequest(this)).Try();
        }

        if ((commands & (CloseCommand | AbortCommand)) == 0 || _closeSubmitted)
            return;
        if ((commands & AbortCommand) != 0)
            LinuxSocket.SetReset(Descriptor);
        _closing = true;
        _receive.Stop();
        CancelWrites();
        _recycle?.Cancel();
        FinishCloseIfIdle();
    }

    private void CancelWrites()
    {
        _send?.Cancel();
        _transmit?.Cancel();
    }

    private sealed class Node(IoUringSocket socket) : LoopNode
    {
        public override void Execute(int commands) => socket.Execute(commands);
    }
}
