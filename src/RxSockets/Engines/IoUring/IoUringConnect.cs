using System.Buffers;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using RxSockets.Native.Linux;
using RxSockets.Operations;
using static RxSockets.Native.Linux.IoUringAbi;
using static RxSockets.Native.Linux.LinuxConstants;

namespace RxSockets.Engines.IoUring;

/// <summary>
/// One connect: CONNECT, and linked behind it the SEND of the first data, in one submission. A refused connect ends its send with ECANCELED. Tells its
/// sink once, after the last completion of both. On the loop's thread.
/// </summary>
internal sealed unsafe class IoUringConnect : LoopNode
{
    public const int StartCommand = 1;
    private const int CancelCommand = 2;

    private readonly IoUringEngine _engine;
    private readonly IoUringLoop _loop;
    private readonly ConnectRequest _request;
    private readonly IConnectSink _sink;
    private readonly Part _connect;
    private readonly Part _send;
    private MemoryHandle _pin;
    private byte* _address;
    private int _descriptor = -1;
    private int _inFlight;
    private int _connectResult = -Errno.ECANCELED;
    private int _sendError;
    private int _sent;
    private bool _cancelAsked;
    private bool _ended;

    public IoUringConnect(IoUringEngine engine, IoUringLoop loop, ConnectRequest request, IConnectSink sink)
    {
        _engine = engine;
        _loop = loop;
        _request = request;
        _sink = sink;
        _connect = new Part(this, isSend: false);
        _send = new Part(this, isSend: true);
        // Counts from here on: else a burst of connects would all find the same loop the least loaded.
        loop.SocketAdded();
    }

    /// <summary>Any thread.</summary>
    public void Cancel() => _loop.Post(this, CancelCommand);

    public override void Execute(int commands)
    {
        if ((commands & CancelCommand) != 0)
            _cancelAsked = true;
        if ((commands & StartCommand) != 0)
            Start();
        else if (_cancelAsked && !_ended)
            CancelParts();
    }

    private void Start()
    {
        _engine.Statistics.Submitted(Verb.Connect);
        uint length = 0;
        int error = _cancelAsked ? -Errno.ECANCELED : Prepare(out length);
        if (error < 0)
        {
            _connectResult = error;
            Finish();
            return;
        }

        _loop.Ring.Reserve(2);
        io_uring_sqe* entry = _loop.Prepare(_connect, IORING_OP_CONNECT, _descriptor);
        entry->addr = (ulong)_address;
        entry->off = length;
        _inFlight = 1;
        if (_request.FirstData.IsEmpty)
            return;
        entry->flags = IOSQE_IO_LINK;
        SubmitSend();
    }

    // Everything that user code has a part in, before the ring has an entry of it: endpoints and memory may be of kinds of the user's own.
    private int Prepare(out uint length)
    {
        length = 0;
        try
        {
            int error = MakeSocket();
            if (error < 0)
                return error;
            _address = (byte*)NativeMemory.AllocZeroed(LinuxSocket.AddressBytes);
            length = LinuxSocket.WriteAddress(_request.Remote, _address);
            _pin = _request.FirstData.Pin();
            return 0;
        }
        catch (Exception error)
        {
            _request.Failure = error;
            return -Errno.EFAULT;
        }
    }

    private int MakeSocket()
    {
        if (_request.Handle is IoUringHandle kept)
        {
            _descriptor = kept.Descriptor;
            return LinuxSocket.SetOption(_descriptor, IPPROTO_TCP, TCP_NODELAY, _request.NoDelay ? 1 : 0);
        }

        _descriptor = LinuxSocket.Create(_request.Remote);
        if (_descriptor < 0)
            return _descriptor;
        if (_request.Remote is IPEndPoint && _request.NoDelay)
            _ = LinuxSocket.SetOption(_descriptor, IPPROTO_TCP, TCP_NODELAY, 1);
        return _request.Local is null ? 0 : LinuxSocket.Bind(_descriptor, _request.Local);
    }

    private void SubmitSend()
    {
        io_uring_sqe* entry = _loop.Prepare(_send, IORING_OP_SEND, _descriptor);
        entry->addr = (ulong)((byte*)_pin.Pointer + _sent);
        entry->len = (uint)(_request.FirstData.Length - _sent);
        entry->op_flags = MSG_WAITALL | MSG_NOSIGNAL;
        _inFlight++;
    }

    private void CancelParts()
    {
        if (_connect.IsRegistered)
            _loop.Cancel(_connect);
        if (_send.IsRegistered)
            _loop.Cancel(_send);
    }

    private void OnPart(bool isSend, int result)
    {
        _inFlight--;
        if (!isSend)
            _connectResult = result;
        else if (result > 0)
            _sent += result;
        else
            _sendError = result;
        // A connect that the kernel finished although a send was left over, or a short send: the rest goes by itself.
        if (_inFlight == 0 && _connectResult == 0 && _sendError == 0 && _sent < _request.FirstData.Length && !_cancelAsked)
            SubmitSend();
        if (_inFlight == 0)
            Finish();
    }

    private void Finish()
    {
        _ended = true;
        _engine.Statistics.Completed(Verb.Connect);
        _loop.Requests.Remove(_connect);
        _loop.Requests.Remove(_send);
        _pin.Dispose();
        NativeMemory.Free(_address);
        _request.EngineState = null;
        _loop.SocketRemoved();
        int error = _connectResult != 0 ? _connectResult : _sendError;
        if (error == 0 && _sent < _request.FirstData.Length)
            error = -Errno.ECANCELED;
        if (error != 0)
        {
            GiveUp();
            _sink.OnConnected(null, _sent, _cancelAsked ? SocketError.OperationAborted : ErrnoMap.ToSocketError(-error));
            return;
        }

        (_request.Handle as IoUringHandle)?.Detach();
        _ = LinuxSocket.GetName(_descriptor, peer: true, out EndPoint? remote);
        var socket = new IoUringSocket(_engine, _loop, _descriptor, remote ?? _request.Remote, _engine.Options.TimeProvider.GetTimestamp(), fromConnect: true);
        _sink.OnConnected(socket, _sent, SocketError.Success);
    }

    // A kept descriptor is its owner's again, without what it began; one that cannot be freed of that is of no use.
    private void GiveUp()
    {
        if (_request.Handle is not { } kept)
        {
            if (_descriptor >= 0)
                _ = Libc.close(_descriptor);
        }
        else if (_descriptor >= 0 && LinuxReuse.Dissolve(_descriptor) < 0)
        {
            kept.Dispose();
        }
    }

    private sealed class Part(IoUringConnect owner, bool isSend) : IoUringRequest
    {
        public override void OnCompletion(int result, uint flags) => owner.OnPart(isSend, result);
    }
}
