using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using RxSockets.Diagnostics;
using RxSockets.Engines;
using RxSockets.Operations;

namespace RxSockets.Sockets;

/// <summary>
/// One ConnectAsync: the engine's connect, tried again after a refusal, an unreachable network or a time-out as often as the options say.
/// Ends once, whatever races: a connection that was established although a cancel had been asked for is delivered.
/// </summary>
internal sealed class ConnectAttempt : Operation<Connection>, IConnectSink, IPortMember
{
    private readonly Lock _sync = new();
    private readonly PortCore _port;
    private readonly ConnectRequest _request;
    private readonly TimeSpan _retryDelay;
    private ITimer? _pause;
    private Activity? _activity;
    private int _retries;
    private bool _inEngine;
    private bool _cancelled;
    private bool _ended;

    private ConnectAttempt(PortCore port, ConnectRequest request, int retries, TimeSpan retryDelay)
    {
        _port = port;
        _request = request;
        _retries = retries;
        _retryDelay = retryDelay;
    }

    /// <summary>Connects a new handle, or the kept one; after a failure that one is the caller's again.</summary>
    public static ValueTask<Connection> ConnectAsync(
        PortCore port, EndPoint remote, ReadOnlyMemory<byte> firstData, ConnectOptions options, RecycledHandle? handle, CancellationToken token)
    {
        Validate(remote, remote);
        if (options.LocalEndPoint is not null)
            Validate(options.LocalEndPoint, remote);
        var request = new ConnectRequest
        {
            Remote = remote,
            Local = options.LocalEndPoint,
            FirstData = firstData,
            NoDelay = options.NoDelay,
            Handle = handle,
        };
        return new ConnectAttempt(port, request, options.Retry, options.RetryDelay).StartAsync(token);
    }

    // On the caller's thread and the same for all engines, which get no endpoint that they could stumble over on a thread of their own.
    private static void Validate(EndPoint endPoint, EndPoint remote)
    {
        bool isIP = endPoint is IPEndPoint { AddressFamily: AddressFamily.InterNetwork or AddressFamily.InterNetworkV6 };
        if (!(isIP || endPoint is UnixDomainSocketEndPoint) || endPoint.AddressFamily != remote.AddressFamily)
            throw SocketErrors.Create(SocketError.AddressFamilyNotSupported, "connecting", endPoint);
    }

    private ValueTask<Connection> StartAsync(CancellationToken token)
    {
        _port.ThrowIfDisposed();
        _activity = SocketActivities.BeginConnect(_request.Remote, _port.Diagnostics);
        SetToken(token);
        if (!_port.Add(this))
            _cancelled = true;
        Try();
        RegisterCancellation(token);
        return Task;
    }

    void IConnectSink.OnConnected(EngineSocket? socket, int firstDataSent, SocketError error)
    {
        lock (_sync)
        {
            _inEngine = false;
            if (error != SocketError.Success && !_cancelled && _retries > 0 && MayRetry(error))
            {
                _retries--;
                using (ExecutionContext.SuppressFlow())
                    _pause ??= _port.Time.CreateTimer(static state => ((ConnectAttempt)state!).Try(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
                _pause.Change(_retryDelay, Timeout.InfiniteTimeSpan);
                return;
            }
        }

        if (error == SocketError.Success)
            Finish(new Connection(_port, socket!) { FirstDataSent = firstDataSent, CanReconnect = true }, null);
        else
            Finish(null, CreateError(error));
    }

    IPortMember? IPortMember.PreviousMember { get; set; }

    IPortMember? IPortMember.NextMember { get; set; }

    void IPortMember.EndWithPort() => Cancel();

    void IPortMember.MeasureInto(MemberTotals totals, bool left) => totals.Connecting += left ? 0 : 1;

    protected override void Cancel()
    {
        lock (_sync)
        {
            if (_ended || _cancelled)
                return;
            _cancelled = true;
            if (_inEngine)
            {
                _port.Engine.CancelConnect(_request);
                return;
            }
        }

        Finish(null, CreateError(SocketError.OperationAborted));
    }

    // Once per connection: not worth a pool.
    protected override void Recycle()
    {
    }

    private static bool MayRetry(SocketError error) =>
        error is SocketError.ConnectionRefused or SocketError.NetworkUnreachable or SocketError.TimedOut;

    private void Try()
    {
        lock (_sync)
        {
            if (_ended)
                return;
            if (!_cancelled)
            {
                _inEngine = true;
                _port.Engine.StartConnect(_request, this);
                return;
            }
        }

        Finish(null, CreateError(SocketError.OperationAborted));
    }

    private Exception CreateError(SocketError error) =>
        error == SocketError.OperationAborted && CancelRequested
            ? new OperationCanceledException(CancellationToken)
            : SocketErrors.Create(error, "connecting", _request.Remote, _request.Failure);

    private void Finish(Connection? connection, Exception? error)
    {
        lock (_sync)
        {
            if (_ended)
                return;
            _ended = true;
            _pause?.Dispose();
        }

        if (_activity is not null)
            SocketActivities.EndConnect(_activity, error);
        if (connection is not null)
        {
            _port.Diagnostics.ConnectionMade();
            SetResult(connection);
        }
        else
        {
            _port.Diagnostics.ConnectErrors.Add(error is SocketException { SocketErrorCode: var code } ? code : SocketError.OperationAborted);
            SetError(error!);
        }

        _port.Remove(this);
        _port.Engine.Schedule(this);
    }
}
