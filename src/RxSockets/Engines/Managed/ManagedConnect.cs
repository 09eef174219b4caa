using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using RxSockets.Buffers;
using RxSockets.Operations;

namespace RxSockets.Engines.Managed;

/// <summary>
/// One connect: establish, then send the first data as a second operation. Never with a buffer in the connect itself: on Unix that completes
/// twice when its trailing send pends (dotnet/runtime#133201). Ends exactly once, always on the pool.
/// </summary>
internal sealed class ManagedConnect : SocketAsyncEventArgs
{
    private readonly Lock _sync = new();
    private readonly ManagedEngine _engine;
    private readonly ConnectRequest _request;
    private readonly IConnectSink _sink;
    private Socket? _socket;
    private bool _connected;
    private bool _cancelled;
    private bool _shut;
    private bool _finished;
    private int _sent;

    public ManagedConnect(ManagedEngine engine, ConnectRequest request, IConnectSink sink)
        : base(true)
    {
        _engine = engine;
        _request = request;
        _sink = sink;
    }

    public void Start()
    {
        try
        {
            _socket = ManagedSockets.Create(_request.Remote);
            if (_request.Local is not null)
                _socket.Bind(_request.Local);
            if (_request.NoDelay && _request.Remote is IPEndPoint)
                _socket.NoDelay = true;
            RemoteEndPoint = _request.Remote;
            if (_socket.ConnectAsync(this))
                return;
        }
        catch (SocketException error)
        {
            SocketError = error.SocketErrorCode;
        }
        catch (Exception error)
        {
            _request.Failure = error;
            SocketError = System.Net.Sockets.SocketError.Fault;
        }

        _engine.Schedule(new StepWork(this));
    }

    public void Cancel()
    {
        lock (_sync)
            _cancelled = true;
        // On the pool: a cancel may complete the connect on the calling thread, which holds the owner's lock.
        ThreadPool.UnsafeQueueUserWorkItem(static attempt => attempt.CancelNow(), this, preferLocal: false);
    }

    // By then the attempt may have finished: the socket is its connection's.
    private void CancelNow()
    {
        lock (_sync)
        {
            if (_finished)
                return;
            if (_connected)
            {
                _shut = true;
                _socket!.Dispose();
                return;
            }
        }

        Socket.CancelConnectAsync(this);
    }

    private bool IsCancelled
    {
        get
        {
            lock (_sync)
                return _cancelled;
        }
    }

    protected override void OnCompleted(SocketAsyncEventArgs e) => Step();

    private void Step()
    {
        SocketError error = SocketError;
        bool cancelled;
        lock (_sync)
        {
            cancelled = _cancelled;
            if (error == System.Net.Sockets.SocketError.Success && !_connected)
                _connected = true;
            else if (error == System.Net.Sockets.SocketError.Success)
                _sent += BytesTransferred;
        }

        while (error == System.Net.Sockets.SocketError.Success && !cancelled && _sent < _request.FirstData.Length)
        {
            try
            {
                SetBuffer(MemoryMarshal.AsMemory(_request.FirstData[_sent..]));
                PinnedMemory.Check(_request.FirstData);
                if (_socket!.SendAsync(this))
                    return;
                error = SocketError;
                _sent += error == System.Net.Sockets.SocketError.Success ? BytesTransferred : 0;
            }
            catch (ObjectDisposedException) when (IsCancelled)
            {
                error = System.Net.Sockets.SocketError.OperationAborted;
            }
            catch (Exception failure)
            {
                _request.Failure = failure;
                error = System.Net.Sockets.SocketError.Fault;
            }
        }

        lock (_sync)
        {
            _finished = true;
            if (_shut || (cancelled && _sent < _request.FirstData.Length))
                error = System.Net.Sockets.SocketError.OperationAborted;
        }

        Finish(error);
    }

    private void Finish(SocketError error)
    {
        _engine.Statistics.Completed(Verb.Connect);
        _request.EngineState = null;
        EngineSocket? connected = null;
        if (error == System.Net.Sockets.SocketError.Success)
            connected = new ManagedSocket(_engine, _socket!, _engine.Options.TimeProvider.GetTimestamp(), fromConnect: true);
        else
            _socket?.Dispose();
        CallbackScope.Enter();
        _sink.OnConnected(connected, _sent, error);
        CompletionWork? works = CallbackScope.Exit();
        Dispose();
        _engine.RunCollected(works);
    }

    private sealed class StepWork(ManagedConnect attempt) : CompletionWork
    {
        public override void Run() => attempt.Step();
    }
}
