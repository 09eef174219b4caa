using System.Net;
using System.Net.Sockets;
using RxSockets.Buffers;
using RxSockets.Operations;
using static RxSockets.Native.Windows.WindowsConstants;

namespace RxSockets.Engines.Iocp;

/// <summary>
/// A listening handle and the accepts posted on it. Accepts are posted, and completions told, on the first loop's thread; each connection then goes to
/// the least loaded loop. With first data an accept does not end before its client speaks: a sweep reads SO_CONNECT_TIME of every accept
/// socket, posts more while silent clients hold some, and ends the silent ones that are too old or too many (see <see cref="AcceptSet"/>).
/// </summary>
internal sealed unsafe class IocpListener : EngineListener
{
    private const int StartCommand = 1;
    private const int StopCommand = 2;
    private const int CloseCommand = 4;
    private const int ConcludeCommand = 8;

    private readonly IocpEngine _engine;
    private readonly IocpLoop _loop;
    private readonly ListenRequest _request;
    private readonly IListenerSink _sink;
    private readonly Node _node;
    private readonly nint _socket;
    private readonly UnixPath? _path;
    private readonly AcceptSet _accepts;
    private readonly WinsockExtensions _extensions;
    private readonly ITimer? _sweep;
    private readonly TimeSpan _sweepPeriod;

    public IocpListener(IocpEngine engine, ListenRequest request, IListenerSink sink)
    {
        _engine = engine;
        _loop = engine.FirstLoop;
        _request = request;
        _sink = sink;
        _node = new Node(this);
        IWinsock winsock = engine.Winsock;
        int family = WinsockAddress.Family(request.Local);
        Check(WinsockSocket.CreateStream(winsock, request.Local, out _socket), "socket");
        try
        {
            // Windows lets another program bind the same port with SO_REUSEADDR, and steal connections, unless the first one forbids it.
            Check(family == AF_UNIX ? 0 : WinsockSocket.SetOption(winsock, _socket, SOL_SOCKET, SO_EXCLUSIVEADDRUSE, 1), "SO_EXCLUSIVEADDRUSE");
            if (family == AF_INET6)
                Check(WinsockSocket.SetOption(winsock, _socket, IPPROTO_IPV6, IPV6_V6ONLY, request.DualMode ? 0 : 1), "IPV6_V6ONLY");
            if (request.Local is UnixDomainSocketEndPoint unix)
                _path = UnixPath.Claim(unix);
            Check(WinsockSocket.Bind(winsock, _socket, request.Local), $"binding to {request.Local}");
            _path?.Bound();
            Check(winsock.Listen(_socket, request.Backlog), $"listening on {request.Local}");
            LocalEndPoint = request.Local is IPEndPoint ? WinsockSocket.Name(winsock, _socket, peer: false)! : request.Local;
            Check(_loop.Associate(_socket, out nuint key), "CreateIoCompletionPort");
            _extensions = engine.Extensions(family, SOCK_STREAM, WinsockSocket.StreamProtocol(family), _socket);
            if (_extensions.Missing is { } missing)
                throw new PlatformNotSupportedException($"The provider of {request.Local.AddressFamily} sockets has no {missing}.");
            _accepts = new AcceptSet(engine, this, _extensions, _loop, request, _socket, key, family);
        }
        catch
        {
            winsock.Close(_socket);
            _path?.Release();
            throw;
        }

        if (request.FirstDataBytes == 0)
            return;
        _sweepPeriod = TimeSpan.FromTicks(Math.Max(TimeSpan.TicksPerMillisecond, Math.Min(request.FirstDataTimeout.Ticks / 4, TimeSpan.TicksPerSecond)));
        using (ExecutionContext.SuppressFlow())
            _sweep = engine.Options.TimeProvider.CreateTimer(static state => ((IocpListener)state!).Sweep(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    public override EndPoint LocalEndPoint { get; }

    public override long SilentDropped => _accepts.Dropped;

    public override void StartAccept() => _loop.Post(_node, StartCommand);

    public override void StopAccept() => _loop.Post(_node, StopCommand);

    public override void Close() => _loop.Post(_node, CloseCommand);

    /// <summary>On the loop's thread: an accept, or the receive of first data behind it, ended.</summary>
    public void OnCompletion(AcceptRequest accept, SocketError error, int bytes)
    {
        _engine.Statistics.Completed(Verb.Accept);
        switch (_accepts.Complete(accept, error, out SocketError lost))
        {
            case AcceptOutcome.Connected:
                Deliver(accept, bytes);
                break;
            case AcceptOutcome.Lost:
                _sink.OnClientLost(lost);
                break;
        }

        Conclude();
    }

    private static void Check(int code, string doing)
    {
        if (code != 0)
            throw WinsockSocket.Error(code, doing);
    }

    /// <summary>The buffer of first data came back. Any thread.</summary>
    public void Recycle(AcceptRequest accept) => _accepts.Recycle(accept);

    private void Execute(int commands)
    {
        if ((commands & StartCommand) != 0)
        {
            _accepts.Start();
            _sweep?.Change(_sweepPeriod, _sweepPeriod);
        }

        if ((commands & StopCommand) != 0)
            _accepts.Stop(SocketError.Success);
        if ((commands & CloseCommand) != 0)
        {
            _sweep?.Dispose();
            _accepts.Close();
        }

        Conclude();
    }

    // On a timer's thread.
    private void Sweep()
    {
        _accepts.Sweep();
        _loop.Post(_node, ConcludeCommand);
    }

    private void Deliver(AcceptRequest accept, int bytes)
    {
        if (!accept.IsReceiving)
        {
            IocpLoop loop = accept.Home ?? _engine.LeastLoaded();
            SocketError error = _accepts.Adopt(accept, loop);
            if (error != SocketError.Success)
            {
                _accepts.Recycle(accept);
                _sink.OnClientLost(error);
                return;
            }

            Deliver(accept, loop, bytes);
            return;
        }

        Deliver(accept, accept.Loop, bytes);
    }

    private void Deliver(AcceptRequest accept, IocpLoop loop, int bytes)
    {
        var socket = new IocpSocket(
            _engine, _extensions, loop, accept.TakeSocket(), accept.SocketKey, accept.Local, accept.Remote, accept.EstablishedAt, _accepts);
        BufferLease? firstData = null;
        if (_request.FirstDataBytes > 0)
            firstData = accept.TakeFirstData(bytes);
        else
            _accepts.Recycle(accept);
        _sink.OnAccepted(socket, firstData);
    }

    // Tells what came to its end. On the loop's thread, so that the sink hears it after everything else.
    private void Conclude()
    {
        if (_accepts.TakeStopped(out SocketError error))
            _sink.OnAcceptStopped(error);
        if (!_accepts.TakeClosed())
            return;
        // The accepts have ended: now the handle. The other way round Windows would end them, but in its own time.
        _engine.Winsock.Close(_socket);
        _path?.Release();
        _sink.OnClosed();
    }

    private sealed class Node(IocpListener listener) : LoopNode
    {
        public override void Execute(int commands) => listener.Execute(commands);
    }
}
