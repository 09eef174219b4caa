using System.Net;
using System.Net.Sockets;
using RxSockets.Operations;
using static RxSockets.Native.Windows.WindowsConstants;

namespace RxSockets.Engines.Iocp;

/// <summary>What the end of an accept means to its listener.</summary>
internal enum AcceptOutcome
{
    /// <summary>Nothing is to be told.</summary>
    Nothing,

    /// <summary>A connection, with its first data where that was asked for.</summary>
    Connected,

    /// <summary>A client that went away, or could not be made a connection of.</summary>
    Lost,
}

/// <summary>
/// The accepts of one listener: how many are posted, which of them have a client that says nothing, and which end. Never tells anybody anything; the listener
/// asks. Thread-safe: the loop's thread and a timer's.
/// </summary>
internal sealed class AcceptSet(
    IocpEngine engine, IocpListener listener, WinsockExtensions extensions, IocpLoop loop, ListenRequest request, nint socket, nuint key, int family)
    : ICancellable
{
    private readonly Lock _sync = new();
    private readonly LinkedList<AcceptRequest> _inFlight = [];
    private readonly Stack<AcceptRequest> _spare = new();
    private readonly Stack<IocpHandle> _used = new();
    private bool _accepting;
    private bool _stopping;
    private bool _closing;
    private bool _closeTaken;
    private bool _sentryPosted;
    private bool _watched;
    private int _posted;
    private int _silent;
    private SocketError _stopError;

    /// <summary>Silent clients that were reset so far.</summary>
    public long Dropped { get; private set; }

    private bool HasFirstData => request.FirstDataBytes > 0;

    private IWinsock Winsock => engine.Winsock;

    public void Start()
    {
        lock (_sync)
        {
            _accepting = true;
            _stopping = _closing;
            _stopError = SocketError.Success;
            Refill();
        }
    }

    /// <summary>
    /// Ends the accepts that wait for a client. A client that is connected and silent stays: what it says is delivered later, as it would be by an
    /// engine that accepts first and receives then.
    /// </summary>
    public void Stop(SocketError error)
    {
        lock (_sync)
            StopLocked(error);
    }

    public void Close()
    {
        lock (_sync)
        {
            _closing = true;
            StopLocked(SocketError.Success);
            foreach (AcceptRequest accept in _inFlight)
                Cancel(accept);
            while (_used.TryPop(out IocpHandle? handle))
                handle.Dispose();
        }
    }

    /// <summary>Marks silent clients, drops those that are too old, and posts anew for those that hold an accept.</summary>
    public void Sweep()
    {
        lock (_sync)
        {
            if (_closing)
                return;
            MarkConnected();
            foreach (AcceptRequest accept in _inFlight)
            {
                if (accept is { ConnectedAt: { } since, IsDropped: false } && engine.Options.TimeProvider.GetElapsedTime(since) >= request.FirstDataTimeout)
                    Drop(accept);
            }

            Refill();
        }
    }

    /// <summary>An accept ended, or the receive of first data behind one. Others are posted before anything is made of it.</summary>
    public AcceptOutcome Complete(AcceptRequest accept, SocketError error, out SocketError lost)
    {
        lock (_sync)
        {
            Remove(accept);
            lost = error;
            AcceptOutcome outcome;
            if (_closing || accept.IsDropped)
                outcome = AcceptOutcome.Nothing;
            else if (error != SocketError.Success)
                outcome = Failed(accept, error, ref lost);
            else if (accept.IsSentry && !accept.IsReceiving)
                outcome = SentryConnected(accept, out lost);
            else
                outcome = AcceptOutcome.Connected;
            // In flight again is only a sentry whose first data is awaited now.
            if (outcome != AcceptOutcome.Connected && accept.Node.List is null)
                RecycleLocked(accept);
            Refill();
            return outcome;
        }
    }

    /// <summary>Makes a connection of an accept socket: context, endpoints, options, the loop it belongs to from here on.</summary>
    public SocketError Adopt(AcceptRequest accept, IocpLoop home)
    {
        int code = accept.UpdateContext(Winsock, socket);
        if (code == 0)
            code = WinsockSocket.SetNonBlocking(Winsock, accept.Socket);
        if (code != 0)
            return WinsockErrors.FromCode(code);
        if (request.NoDelay && request.Local is IPEndPoint)
            _ = WinsockSocket.SetOption(Winsock, accept.Socket, IPPROTO_TCP, TCP_NODELAY, 1);
        accept.ReadAddresses(extensions);
        accept.EstablishedAt = WinsockSocket.EstablishedAt(Winsock, accept.Socket, engine.Options.TimeProvider);
        if (accept.Home is not null)
            return SocketError.Success;
        code = home.Associate(accept.Socket, out nuint socketKey);
        accept.SocketKey = socketKey;
        return WinsockErrors.FromCode(code);
    }

    /// <summary>A socket that was accepted here and has no connection any more may be accepted into again.</summary>
    public bool TakesHandles
    {
        get
        {
            lock (_sync)
                return !_closing && _used.Count < request.PendingAccepts;
        }
    }

    /// <summary>Takes such a socket; false when there are enough, or the listener closes.</summary>
    public bool TryGiveBack(IocpHandle handle)
    {
        lock (_sync)
        {
            if (_closing || _used.Count >= request.PendingAccepts)
                return false;
            _used.Push(handle);
            return true;
        }
    }

    /// <summary>The request, with its buffer, may be posted again; a socket that it still has is closed.</summary>
    public void Recycle(AcceptRequest accept)
    {
        lock (_sync)
            RecycleLocked(accept);
    }

    /// <summary>Once per start: accepting is over.</summary>
    public bool TakeStopped(out SocketError error)
    {
        lock (_sync)
        {
            error = _stopError;
            if (!_accepting || !_stopping || _posted > 0)
                return false;
            _accepting = false;
            return true;
        }
    }

    /// <summary>Once: closing was asked for, and nothing is in flight.</summary>
    public bool TakeClosed()
    {
        lock (_sync)
        {
            if (!_closing || _closeTaken || _accepting || _inFlight.Count > 0)
                return false;
            _closeTaken = true;
            while (_spare.TryPop(out AcceptRequest? accept))
                accept.ReturnBlock();
            return true;
        }
    }

    private void StopLocked(SocketError error)
    {
        if (!_accepting || _stopping)
            return;
        _stopping = true;
        _stopError = error;
        MarkConnected();
        foreach (AcceptRequest accept in _inFlight)
        {
            if (accept.ConnectedAt is null)
                Cancel(accept);
        }
    }

    // With first data: accepts that wait for a client, beside those whose client is silent, and behind them the sentry.
    private void Refill()
    {
        int code = 0;
        while (code == 0 && MayPost && DataAccepts < request.PendingAccepts && (!HasFirstData || _silent + DataAccepts < request.MaxPendingFirstData))
            code = Post(sentry: false);
        if (code == 0 && MayPost && HasFirstData && !_sentryPosted)
            code = Post(sentry: true);
        // With others posted there will be another occasion. Without, the listener decides: wait and start again, or end.
        if (code != 0 && _posted == 0)
            StopLocked(WinsockErrors.FromCode(code));
    }

    private bool MayPost => _accepting && !_stopping;

    private int DataAccepts => _posted - (_sentryPosted ? 1 : 0);

    private int Post(bool sentry)
    {
        if (!_spare.TryPop(out AcceptRequest? accept))
            accept = new AcceptRequest(listener, loop, request.FirstDataBytes, WinsockAddress.Size(family));
        engine.Statistics.Submitted(Verb.Accept);
        // The sentry's first data is received on the listener's loop: it needs a socket that is bound to no other.
        IocpHandle? used = sentry || !_used.TryPop(out IocpHandle? handle) ? null : handle;
        int code = accept.Post(Winsock, extensions, socket, key, family, sentry, used);
        if (code != 0)
        {
            engine.Statistics.Completed(Verb.Accept);
            _spare.Push(accept);
            return code;
        }

        _inFlight.AddLast(accept.Node);
        _posted++;
        _sentryPosted |= sentry;
        return 0;
    }

    private void Remove(AcceptRequest accept)
    {
        _inFlight.Remove(accept.Node);
        if (accept.ConnectedAt is null)
            _posted--;
        else if (!accept.IsDropped)
            _silent--;
        if (accept.IsSentry && !accept.IsReceiving)
            _sentryPosted = false;
    }

    private AcceptOutcome Failed(AcceptRequest accept, SocketError error, ref SocketError lost)
    {
        if (accept.IsReceiving)
            return AcceptOutcome.Lost;
        if (accept.IsCancelled)
        {
            // The client connected between the look and the cancel: it has nobody any more.
            lost = SocketError.ConnectionAborted;
            return HasFirstData && WinsockSocket.ConnectSeconds(Winsock, accept.Socket) is not null ? AcceptOutcome.Lost : AcceptOutcome.Nothing;
        }

        if (IsClients(error))
            return AcceptOutcome.Lost;
        StopLocked(error);
        return AcceptOutcome.Nothing;
    }

    private AcceptOutcome SentryConnected(AcceptRequest accept, out SocketError lost)
    {
        // Every accept before it has a client: those that have not spoken are silent.
        MarkConnected();
        lost = Adopt(accept, loop);
        if (lost == SocketError.Success)
        {
            engine.Statistics.Submitted(Verb.Accept);
            lost = WinsockErrors.FromCode(accept.Receive(Winsock));
            if (lost != SocketError.Success)
                engine.Statistics.Completed(Verb.Accept);
        }

        if (lost != SocketError.Success)
            return AcceptOutcome.Lost;
        accept.ConnectedAt = accept.EstablishedAt;
        _inFlight.AddLast(accept.Node);
        _silent++;
        DropExcess();
        return AcceptOutcome.Nothing;
    }

    private void MarkConnected()
    {
        if (!HasFirstData)
            return;
        TimeProvider time = engine.Options.TimeProvider;
        foreach (AcceptRequest accept in _inFlight)
        {
            if (accept.ConnectedAt is not null || accept.IsSentry || WinsockSocket.ConnectSeconds(Winsock, accept.Socket) is not { } seconds)
                continue;
            accept.ConnectedAt = time.GetTimestamp() - (seconds * time.TimestampFrequency);
            _posted--;
            _silent++;
        }
    }

    private void DropExcess()
    {
        for (LinkedListNode<AcceptRequest>? node = _inFlight.First; node is not null && _silent > request.MaxPendingFirstData; node = node.Next)
        {
            if (node.Value is { ConnectedAt: not null, IsDropped: false })
                Drop(node.Value);
        }
    }

    private void Drop(AcceptRequest accept)
    {
        accept.IsDropped = true;
        _silent--;
        Dropped++;
        Cancel(accept);
    }

    private void Cancel(AcceptRequest accept)
    {
        if (accept.IsCancelled)
            return;
        accept.IsCancelled = true;
        engine.Statistics.Submitted(Verb.Cancel);
        accept.Cancel(Winsock, socket);
        if (!_watched)
            loop.WatchCancelled(this);
        _watched = true;
    }

    bool ICancellable.CancelAgain()
    {
        lock (_sync)
        {
            _watched = false;
            foreach (AcceptRequest accept in _inFlight)
            {
                if (!accept.IsCancelled)
                    continue;
                _watched = true;
                accept.Cancel(Winsock, socket);
            }

            return _watched;
        }
    }

    private void RecycleLocked(AcceptRequest accept)
    {
        accept.CloseSocket(Winsock);
        if (_closeTaken)
            accept.ReturnBlock();
        else
            _spare.Push(accept);
    }

    // What goes wrong between one client and us does not concern the listening handle.
    private static bool IsClients(SocketError error) =>
        error is SocketError.ConnectionReset or SocketError.ConnectionAborted or SocketError.NetworkReset or SocketError.TimedOut
            or SocketError.HostUnreachable or SocketError.NetworkUnreachable or SocketError.Disconnecting;
}
