using System.Net;
using System.Net.Sockets;
using RxSockets.Diagnostics;

namespace RxSockets.Sockets;

/// <summary>How a connection ended: decided once, told once everything is closed. Guarded by the connection's lock, which it takes itself.</summary>
internal sealed class Closure(TaskCreationOptions completions, Lock sync)
{
    private TaskCompletionSource<ConnectionClosure>? _source;
    private ConnectionClosure? _result;
    private ConnectionCloseReason _reason;
    private SocketError _error;
    private string _description = "";
    private bool _byPeer;
    private bool _decided;

    public bool IsDecided
    {
        get
        {
            lock (sync)
                return _decided;
        }
    }

    public ConnectionCloseReason Reason
    {
        get
        {
            lock (sync)
                return _reason;
        }
    }

    /// <summary>Made when first asked for: most connections end unwatched.</summary>
    public Task<ConnectionClosure> Task
    {
        get
        {
            lock (sync)
            {
                if (_source is null)
                {
                    _source = new TaskCompletionSource<ConnectionClosure>(completions);
                    if (_result is not null)
                        _source.SetResult(_result);
                }

                return _source.Task;
            }
        }
    }

    /// <summary>The peer's FIN came before this side began to close.</summary>
    public void BegunByPeer()
    {
        lock (sync)
            _byPeer = true;
    }

    /// <summary>The first decision stands.</summary>
    public void Decide(ConnectionCloseReason reason, bool byPeer, SocketError error, string description)
    {
        lock (sync)
        {
            if (_decided)
                return;
            _decided = true;
            _reason = reason;
            _byPeer |= byPeer;
            _error = error;
            _description = description;
        }
    }

    /// <summary>Counted and logged first: whoever waits for the end then finds it counted.</summary>
    public void Finish(long bytesReceived, long bytesSent, EndPoint? remote, PortDiagnostics diagnostics)
    {
        ConnectionClosure result;
        lock (sync)
            result = new ConnectionClosure(_reason, _byPeer, _error, _description, bytesReceived, bytesSent);
        diagnostics.ConnectionEnded(remote, result);
        TaskCompletionSource<ConnectionClosure>? source;
        lock (sync)
        {
            _result = result;
            source = _source;
        }

        source?.SetResult(result);
    }
}
