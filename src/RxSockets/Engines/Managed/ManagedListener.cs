using System.Net;
using System.Net.Sockets;
using RxSockets.Operations;

namespace RxSockets.Engines.Managed;

/// <summary>
/// A listening socket: one accept at a time, awaited by a loop of its own that runs on the pool while accepting. An accept that raced with a
/// stop is delivered before the stop is told.
/// </summary>
internal sealed class ManagedListener : EngineListener
{
    private readonly Lock _sync = new();
    private readonly ManagedEngine _engine;
    private readonly ListenRequest _request;
    private readonly IListenerSink _sink;
    private readonly Socket _socket;
    private readonly UnixPath? _path;
    private CancellationTokenSource? _stop;
    private bool _accepting;
    private bool _closing;

    public ManagedListener(ManagedEngine engine, ListenRequest request, IListenerSink sink)
    {
        _engine = engine;
        _request = request;
        _sink = sink;
        _socket = ManagedSockets.Create(request.Local);
        try
        {
            if (request.Local.AddressFamily == AddressFamily.InterNetworkV6)
                _socket.DualMode = request.DualMode;
            if (request.Local is UnixDomainSocketEndPoint unix)
                _path = UnixPath.Claim(unix);
            // Socket.Dispose deletes the path of a UnixDomainSocketEndPoint whoever owns it by then: an endpoint of our own keeps that ours.
            _socket.Bind(_path is null ? request.Local : new UnixPathEndPoint((UnixDomainSocketEndPoint)request.Local));
            _socket.Listen(request.Backlog);
            _path?.Bound();
            LocalEndPoint = request.Local is IPEndPoint ? _socket.LocalEndPoint! : request.Local;
        }
        catch
        {
            _socket.Dispose();
            throw;
        }
    }

    public override EndPoint LocalEndPoint { get; }

    public override void StartAccept()
    {
        CancellationTokenSource stop;
        lock (_sync)
        {
            if (_closing)
                return;
            _accepting = true;
            stop = _stop = new CancellationTokenSource();
        }

        // On the pool: an accept that is there already must not come back inside this call.
        ThreadPool.UnsafeQueueUserWorkItem(static state => _ = state.Listener.AcceptAsync(state.Stop), (Listener: this, Stop: stop), preferLocal: false);
    }

    public override void StopAccept()
    {
        CancellationTokenSource? stop;
        lock (_sync)
            stop = _stop;
        // Its callbacks run on this thread otherwise, and the owner holds its lock.
        if (stop is not null)
            ThreadPool.UnsafeQueueUserWorkItem(static source => source.Cancel(), stop, preferLocal: false);
    }

    public override void Close()
    {
        bool accepting;
        lock (_sync)
        {
            if (_closing)
                return;
            _closing = true;
            accepting = _accepting;
        }

        _path?.Release();
        _socket.Dispose();
        if (!accepting)
            _engine.Schedule(new ClosedWork(_sink));
    }

    private async Task AcceptAsync(CancellationTokenSource stop)
    {
        SocketError error = SocketError.Success;
        Socket? into = null;
        try
        {
            while (!stop.IsCancellationRequested)
            {
                _engine.Statistics.Submitted(Verb.Accept);
                into = MakeAccepted();
                Socket socket = await _socket.AcceptAsync(into, stop.Token).ConfigureAwait(false);
                into = null;
                _engine.Statistics.Completed(Verb.Accept);
                Deliver(socket);
            }
        }
        catch (OperationCanceledException)
        {
            _engine.Statistics.Completed(Verb.Accept);
        }
        catch (SocketException failure)
        {
            _engine.Statistics.Completed(Verb.Accept);
            error = failure.SocketErrorCode;
        }
        catch (ObjectDisposedException)
        {
            _engine.Statistics.Completed(Verb.Accept);
        }

        into?.Dispose();
        bool closing;
        lock (_sync)
        {
            _accepting = false;
            _stop = null;
            closing = _closing;
        }

        CallbackScope.Enter();
        _sink.OnAcceptStopped(closing ? SocketError.Success : error);
        if (closing)
            _sink.OnClosed();
        _engine.RunCollected(CallbackScope.Exit());
    }

    // Windows accepts into a socket that is there before (AcceptEx). One that System.Net.Sockets makes is lost where the listener is disposed just when a connection has come:
    // that accept fails, as its addresses cannot be asked for any more, and the socket stays connected until a finalizer comes by (seen under Wine; SocketAsyncEventArgs.FinishOperationAccept).
    private Socket? MakeAccepted() =>
        OperatingSystem.IsWindows() ? new Socket(_socket.AddressFamily, _socket.SocketType, _socket.ProtocolType) : null;

    private void Deliver(Socket socket)
    {
        long established = ManagedSockets.EstablishedAt(socket, _engine.Options.TimeProvider);
        try
        {
            if (_request.NoDelay && socket.AddressFamily is AddressFamily.InterNetwork or AddressFamily.InterNetworkV6)
                socket.NoDelay = true;
        }
        catch (SocketException)
        {
            // Reset before it was accepted: reading it tells.
        }

        CallbackScope.Enter();
        _sink.OnAccepted(new ManagedSocket(_engine, socket, established, fromConnect: false), firstData: null);
        CompletionWork? works = CallbackScope.Exit();
        // To the pool, always: what runs here runs inside the accept loop, and a handler that blocks would stop it.
        while (works is not null)
        {
            CompletionWork work = works;
            works = work.NextWork;
            work.NextWork = null;
            _engine.Schedule(work);
        }
    }

    private sealed class ClosedWork(IListenerSink sink) : CompletionWork
    {
        public override void Run() => sink.OnClosed();
    }
}
