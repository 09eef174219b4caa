using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using RxSockets.Native.Linux;
using RxSockets.Operations;
using static RxSockets.Native.Linux.IoUringAbi;
using static RxSockets.Native.Linux.LinuxConstants;

namespace RxSockets.Engines.IoUring;

/// <summary>A listening descriptor: one multishot accept on a loop, which hands each connection to the least loaded loop.</summary>
internal sealed unsafe class IoUringListener : EngineListener
{
    private const int StartCommand = 1;
    private const int StopCommand = 2;
    private const int CloseCommand = 4;

    private readonly IoUringEngine _engine;
    private readonly IoUringLoop _loop;
    private readonly ListenRequest _request;
    private readonly IListenerSink _sink;
    private readonly Node _node;
    private readonly AcceptRequest _accept;
    private readonly int _descriptor;
    private readonly LinuxUnixPath? _path;

    public IoUringListener(IoUringEngine engine, IoUringLoop loop, ListenRequest request, IListenerSink sink)
    {
        _engine = engine;
        _loop = loop;
        _request = request;
        _sink = sink;
        _node = new Node(this);
        _accept = new AcceptRequest(this);
        _descriptor = Check(LinuxSocket.Create(request.Local), "socket");
        try
        {
            if (request.Local is IPEndPoint ip)
            {
                // So that a restart is not refused for connections of the last run in TIME_WAIT; a port in use is still refused.
                Check(LinuxSocket.SetOption(_descriptor, SOL_SOCKET, SO_REUSEADDR, 1), "SO_REUSEADDR");
                if (ip.AddressFamily == AddressFamily.InterNetworkV6)
                    Check(LinuxSocket.SetOption(_descriptor, IPPROTO_IPV6, IPV6_V6ONLY, request.DualMode ? 0 : 1), "IPV6_V6ONLY");
                // Accepted sockets inherit it: one call here, none for each of them.
                if (request.NoDelay)
                    Check(LinuxSocket.SetOption(_descriptor, IPPROTO_TCP, TCP_NODELAY, 1), "TCP_NODELAY");
            }

            if (request.Local is UnixDomainSocketEndPoint unix)
                _path = LinuxUnixPath.Claim(unix);
            Check(LinuxSocket.Bind(_descriptor, request.Local), $"binding to {request.Local}");
            _path?.Bound();
            int result = Libc.listen(_descriptor, request.Backlog);
            int error = Marshal.GetLastSystemError();
            Check(result == 0 ? 0 : -error, $"listening on {request.Local}");
            Check(LinuxSocket.GetName(_descriptor, peer: false, out EndPoint? name), "getsockname");
            LocalEndPoint = request.Local is IPEndPoint ? name! : request.Local;
        }
        catch
        {
            _ = Libc.close(_descriptor);
            _path?.Release();
            throw;
        }
    }

    public override EndPoint LocalEndPoint { get; }

    public override void StartAccept() => _loop.Post(_node, StartCommand);

    public override void StopAccept() => _loop.Post(_node, StopCommand);

    public override void Close() => _loop.Post(_node, CloseCommand);

    private static int Check(int result, string doing) => result >= 0 ? result : throw LinuxSocket.Error(result, doing);

    private void Execute(int commands)
    {
        if ((commands & StartCommand) != 0)
            _accept.Submit();
        if ((commands & (StopCommand | CloseCommand)) != 0)
            _accept.Stop();
        if ((commands & CloseCommand) != 0)
            _accept.CloseWhenOver();
    }

    private sealed class Node(IoUringListener listener) : LoopNode
    {
        public override void Execute(int commands) => listener.Execute(commands);
    }

    /// <summary>The accept in the ring. On the loop's thread.</summary>
    private sealed class AcceptRequest(IoUringListener listener) : IoUringRequest
    {
        private bool _armed;
        private uint _fromBacklog;
        private bool _stopAsked;
        private bool _closeAsked;
        private bool _closeSubmitted;
        private bool _singleShot;

        public void Submit()
        {
            if (_closeAsked)
            {
                listener._sink.OnAcceptStopped(SocketError.Success);
                return;
            }

            _armed = true;
            _fromBacklog = LinuxSocket.Backlogged(listener._descriptor);
            _stopAsked = false;
            listener._loop.Statistics.Submitted(Verb.Accept);
            io_uring_sqe* entry = listener._loop.Prepare(this, IORING_OP_ACCEPT, listener._descriptor);
            entry->op_flags = SOCK_CLOEXEC;
            if (!_singleShot)
                entry->ioprio = IORING_ACCEPT_MULTISHOT;
        }

        public void Stop()
        {
            if (!_armed)
                return;
            _stopAsked = true;
            listener._loop.Cancel(this);
        }

        public void CloseWhenOver()
        {
            _closeAsked = true;
            if (_armed || _closeSubmitted)
                return;
            _closeSubmitted = true;
            listener._path?.Release();
            listener._loop.Statistics.Submitted(Verb.Close);
            listener._loop.Prepare(this, IORING_OP_CLOSE, listener._descriptor);
        }

        public override void OnCompletion(int result, uint flags)
        {
            if (_closeSubmitted)
            {
                listener._loop.Statistics.Completed(Verb.Close);
                listener._loop.Requests.Remove(this);
                listener._sink.OnClosed();
                return;
            }

            listener._loop.Statistics.Completed(Verb.Accept);
            _armed = (flags & IORING_CQE_F_MORE) != 0;
            if (result >= 0)
                Accepted(result);
            if (_armed)
            {
                // A cancel can miss a multishot that is just running; then it is asked again.
                if (_stopAsked)
                    listener._loop.Cancel(this);
                return;
            }

            if (result >= 0 && !_stopAsked)
            {
                Submit();
                return;
            }

            bool stopped = _stopAsked || _closeAsked || result is >= 0 or -Errno.ECANCELED;
            listener._sink.OnAcceptStopped(stopped ? SocketError.Success : ErrnoMap.ToSocketError(-result));
            if (_closeAsked)
                CloseWhenOver();
        }

        private void Accepted(int descriptor)
        {
            int named = LinuxSocket.GetName(descriptor, peer: true, out EndPoint? remote);
            if (named == -Errno.EBADF)
            {
                // Before 6.8 a multishot accept under DEFER_TASKRUN could return a descriptor that is none (liburing#1062).
                _singleShot = true;
                return;
            }

            // ENOTCONN: reset before it was accepted. It is delivered; reading it tells.
            IoUringEngine engine = listener._engine;
            long established = engine.Options.TimeProvider.GetTimestamp();
            if (listener._request.Local is IPEndPoint)
            {
                // Accepted at once, it was established just now; one that sat in the backlog when the accept was armed, or may have since, is asked for its age.
                if (_fromBacklog > 0 || listener._loop.WasBusy)
                    established -= LinuxSocket.AgeInMilliseconds(descriptor) * engine.Options.TimeProvider.TimestampFrequency / 1000;
            }

            if (_fromBacklog > 0)
                _fromBacklog--;
            IoUringLoop loop = engine.LeastLoaded();
            listener._sink.OnAccepted(new IoUringSocket(engine, loop, descriptor, remote, established, fromConnect: false), firstData: null);
        }
    }
}
