using System.Buffers;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using RxSockets.Native.Windows;
using RxSockets.Operations;
using static RxSockets.Native.Windows.WindowsConstants;

namespace RxSockets.Engines.Iocp;

/// <summary>
/// One connect: a socket bound to the wildcard (ConnectEx wants a bound one), ConnectEx with the first data, SO_UPDATE_CONNECT_CONTEXT. What exceeds
/// one block follows with WSASend: the documentation advises strongly against huge buffers in ConnectEx, which takes memory for all of it at once.
/// Tells its sink once, from the loop's thread, after the last completion.
/// </summary>
internal sealed unsafe class IocpConnect : IocpRequest, ICancellable
{
    private const uint MaxFirstBlock = 65536;

    private readonly Lock _sync = new();
    private readonly IocpEngine _engine;
    private readonly ConnectRequest _request;
    private readonly IConnectSink _sink;
    private readonly EndNode _end;
    private nint _socket = INVALID_HANDLE_VALUE;
    private nuint _key;
    private MemoryHandle _pin;
    private byte* _address;
    private int _sent;
    private SocketError _error;
    private bool _inFlight;
    private bool _established;
    private bool _cancelAsked;

    public IocpConnect(IocpEngine engine, IocpLoop loop, ConnectRequest request, IConnectSink sink)
        : base(loop)
    {
        _engine = engine;
        _request = request;
        _sink = sink;
        _end = new EndNode(this);
        // Counts from here on: else a burst of connects would all find the same loop the least loaded.
        loop.SocketAdded();
    }

    /// <summary>On the asking thread. Failures are told from the loop's.</summary>
    public void Start()
    {
        _engine.Statistics.Submitted(Verb.Connect);
        lock (_sync)
        {
            int code;
            try
            {
                code = MakeSocket(out WinsockExtensions? extensions);
                if (code == 0)
                    code = SubmitConnect(extensions!);
            }
            catch (Exception error)
            {
                // The owner of the first data threw; nothing was submitted.
                _request.Failure = error;
                code = (int)SocketError.Fault;
            }

            _error = WinsockErrors.FromCode(code);
            if (_inFlight)
                return;
        }

        Loop.Post(_end, 1);
    }

    /// <summary>Any thread.</summary>
    public void Cancel()
    {
        lock (_sync)
        {
            _cancelAsked = true;
            if (!_inFlight)
                return;
            _engine.Statistics.Submitted(Verb.Cancel);
            _ = _engine.Winsock.Cancel(_socket, Overlapped);
            Loop.WatchCancelled(this);
        }
    }

    bool ICancellable.CancelAgain()
    {
        lock (_sync)
        {
            if (_inFlight)
                _ = _engine.Winsock.Cancel(_socket, Overlapped);
            return _inFlight;
        }
    }

    public override void OnCompletion(uint status, uint bytes)
    {
        lock (_sync)
        {
            _inFlight = false;
            _error = WinsockErrors.FromStatus(status);
            _sent += (int)bytes;
            if (_error == SocketError.Success && !_established)
                Established();
            if (_error == SocketError.Success && _sent < _request.FirstData.Length)
                _error = _cancelAsked ? SocketError.OperationAborted : SubmitSend();
            if (_inFlight)
                return;
        }

        Finish();
    }

    private int MakeSocket(out WinsockExtensions? extensions)
    {
        IWinsock winsock = _engine.Winsock;
        EndPoint remote = _request.Remote;
        extensions = null;
        int family = WinsockAddress.Family(remote);
        if (_request.Handle is IocpHandle kept)
        {
            // It is bound, to its address and to its loop's port.
            _socket = kept.Socket;
            _key = kept.Key;
            extensions = Extensions(family);
            return WinsockSocket.SetOption(winsock, _socket, IPPROTO_TCP, TCP_NODELAY, _request.NoDelay ? 1 : 0);
        }

        int code = WinsockSocket.CreateStream(winsock, remote, out _socket);
        if (code != 0)
            return code;
        extensions = Extensions(family);
        if (family != AF_UNIX)
        {
            // A hint for a great many connections out of one address: ports are then shared between them. Refused before Windows 10.
            if (_request.Local is null)
                _ = WinsockSocket.SetOption(winsock, _socket, SOL_SOCKET, SO_REUSE_UNICASTPORT, 1);
            if (_request.NoDelay)
                _ = WinsockSocket.SetOption(winsock, _socket, IPPROTO_TCP, TCP_NODELAY, 1);
        }

        EndPoint? local = _request.Local ?? family switch
        {
            AF_INET => new IPEndPoint(IPAddress.Any, 0),
            AF_INET6 => new IPEndPoint(IPAddress.IPv6Any, 0),
            // A Unix socket that connects has no name of its own.
            _ => null,
        };
        // A dual-mode socket reaches ::ffff:a.b.c.d, as on the other systems.
        if (family == AF_INET6 && ((IPEndPoint)remote).Address.IsIPv4MappedToIPv6)
            _ = WinsockSocket.SetOption(winsock, _socket, IPPROTO_IPV6, IPV6_V6ONLY, 0);
        code = local is null ? 0 : WinsockSocket.Bind(winsock, _socket, local);
        return code != 0 ? code : Loop.Associate(_socket, out _key);
    }

    private WinsockExtensions Extensions(int family) =>
        _engine.Extensions(family, SOCK_STREAM, WinsockSocket.StreamProtocol(family), _socket);

    private int SubmitConnect(WinsockExtensions extensions)
    {
        if (extensions.ConnectExPointer is null)
            return (int)SocketError.OperationNotSupported;
        if (_cancelAsked)
            return Win32Error.ERROR_OPERATION_ABORTED;
        _address = (byte*)NativeMemory.AllocZeroed(WinsockAddress.MaxBytes);
        int length = WinsockAddress.Write(_request.Remote, _address);
        _pin = _request.FirstData.Pin();
        uint first = Math.Min((uint)_request.FirstData.Length, MaxFirstBlock);
        OVERLAPPED* overlapped = Begin(_key);
        _inFlight = true;
        int code = extensions.ConnectEx(_socket, _address, length, first == 0 ? null : _pin.Pointer, first, overlapped);
        if (code is 0 or Win32Error.ERROR_IO_PENDING)
            return 0;
        _inFlight = false;
        NotBegun();
        return code;
    }

    // Until this the socket is in its default state: shutdown, getpeername and options would fail.
    private void Established()
    {
        _established = true;
        int code = _engine.Winsock.SetOption(_socket, SOL_SOCKET, SO_UPDATE_CONNECT_CONTEXT, null, 0);
        if (code == 0)
            code = WinsockSocket.SetNonBlocking(_engine.Winsock, _socket);
        _error = WinsockErrors.FromCode(code);
    }

    private SocketError SubmitSend()
    {
        var rest = new WSABUF { buf = (byte*)_pin.Pointer + _sent, len = (uint)(_request.FirstData.Length - _sent) };
        uint sent = 0;
        OVERLAPPED* overlapped = Begin(_key);
        _inFlight = true;
        int code = _engine.Winsock.Send(_socket, &rest, 1, &sent, overlapped);
        if (code is 0 or Win32Error.ERROR_IO_PENDING)
            return SocketError.Success;
        _inFlight = false;
        NotBegun();
        return WinsockErrors.FromCode(code);
    }

    // On the loop's thread, with nothing in flight.
    private void Finish()
    {
        _engine.Statistics.Completed(Verb.Connect);
        ReturnBlock();
        _pin.Dispose();
        NativeMemory.Free(_address);
        _request.EngineState = null;
        Loop.SocketRemoved();
        if (_error != SocketError.Success)
        {
            GiveUp();
            _sink.OnConnected(null, _sent, _cancelAsked ? SocketError.OperationAborted : _error);
            return;
        }

        (_request.Handle as IocpHandle)?.Detach();
        EndPoint remote = WinsockSocket.Name(_engine.Winsock, _socket, peer: true) ?? _request.Remote;
        long now = _engine.Options.TimeProvider.GetTimestamp();
        WinsockExtensions extensions = Extensions(WinsockAddress.Family(_request.Remote));
        _sink.OnConnected(new IocpSocket(_engine, extensions, Loop, _socket, _key, local: null, remote, now, origin: null), _sent, SocketError.Success);
    }

    // A kept handle is its owner's again where Windows says that the same socket may try once more.
    private void GiveUp()
    {
        if (_request.Handle is not { } kept)
        {
            if (_socket != INVALID_HANDLE_VALUE)
                _ = _engine.Winsock.Close(_socket);
        }
        else if (_established || _error is not (SocketError.ConnectionRefused or SocketError.NetworkUnreachable or SocketError.TimedOut))
        {
            kept.Dispose();
        }
    }

    private sealed class EndNode(IocpConnect connect) : LoopNode
    {
        public override void Execute(int commands) => connect.Finish();
    }
}
