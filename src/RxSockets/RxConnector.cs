using System.Net;

namespace RxSockets;

/// <summary>The client side: connections that come back, and hosts with several addresses.</summary>
public static class RxConnector
{
    /// <summary>
    /// A connection to the endpoint, and another one whenever it is closed, for ever. Failed connects are tried again after a pause that grows. Cold: each subscription
    /// connects for itself. The subscriber owns each connection; unsubscribing ends the tries and leaves the connection alone.
    /// </summary>
    /// <param name="remoteEndPoint">Where to.</param>
    /// <param name="backoff">The pauses; null for the defaults.</param>
    /// <param name="options">Settings of each connect; null for the defaults.</param>
    /// <param name="timeProvider">The clock of the pauses; null for the system's.</param>
    /// <param name="onFailure">Hears of each failed connect. Must not throw.</param>
    public static IObservable<RxConnection> Connections(
        EndPoint remoteEndPoint, Backoff? backoff = null, ConnectOptions? options = null, TimeProvider? timeProvider = null, Action<Exception>? onFailure = null) =>
        Reconnect(remoteEndPoint, backoff, options, timeProvider, onFailure).RunAsync().AsObservable();

    /// <summary>The same, pulled: it connects again once the last connection is closed and the next one is asked for.</summary>
    /// <param name="remoteEndPoint">Where to.</param>
    /// <param name="backoff">The pauses; null for the defaults.</param>
    /// <param name="options">Settings of each connect; null for the defaults.</param>
    /// <param name="timeProvider">The clock of the pauses; null for the system's.</param>
    /// <param name="onFailure">Hears of each failed connect. Must not throw.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public static IAsyncEnumerable<RxConnection> ConnectAllAsync(
        EndPoint remoteEndPoint,
        Backoff? backoff = null,
        ConnectOptions? options = null,
        TimeProvider? timeProvider = null,
        Action<Exception>? onFailure = null,
        CancellationToken cancellationToken = default) =>
        Reconnect(remoteEndPoint, backoff, options, timeProvider, onFailure).RunAsync(cancellationToken);

    /// <summary>
    /// Connects to a host by name: to the first of its addresses that answers (Happy Eyeballs, RFC 8305). Families alternate, the next address is tried when the last
    /// failed or did not answer within <see cref="HostConnectOptions.AttemptDelay"/>; losers are cancelled and closed.
    /// </summary>
    /// <param name="host">A name or an address.</param>
    /// <param name="port">1 to 65,535.</param>
    /// <param name="options">Copied; null for the defaults.</param>
    /// <param name="cancellationToken">Ends the attempts.</param>
    /// <exception cref="System.Net.Sockets.SocketException">The name has no address, or the first address's error when none answered.</exception>
    /// <exception cref="TimeoutException"><see cref="HostConnectOptions.Timeout"/> passed.</exception>
    public static async ValueTask<RxConnection> ConnectAsync(
        string host, int port, HostConnectOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(host);
        Limits.Between(port, 1, 65535, nameof(port));
        HostConnectOptions validated = (options ?? new HostConnectOptions()).Validated();
        if (validated.Timeout is not { } timeout)
            return await ConnectCoreAsync(host, port, validated, cancellationToken).ConfigureAwait(false);
        using CallTimeout limit = CallTimeout.Start(timeout, validated.TimeProvider, cancellationToken);
        try
        {
            return await ConnectCoreAsync(host, port, validated, limit.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException error) when (limit.HasElapsed)
        {
            throw new TimeoutException($"The time limit of {timeout} passed while connecting to {host}:{port}.", error);
        }
        catch (OperationCanceledException error)
        {
            throw new OperationCanceledException(error.Message, error, cancellationToken);
        }
    }

    private static async Task<RxConnection> ConnectCoreAsync(string host, int port, HostConnectOptions options, CancellationToken token)
    {
        IPAddress[] addresses = IPAddress.TryParse(host, out IPAddress? literal)
            ? [literal]
            : await (options.Resolve ?? Dns.GetHostAddressesAsync)(host, token).ConfigureAwait(false);
        return await new HappyEyeballs<RxConnection>(
            (address, stop) => RxConnection.ConnectAsync(new IPEndPoint(address, port), default, options.Connect, stop), options.AttemptDelay, options.TimeProvider)
            .ConnectAsync(addresses, token).ConfigureAwait(false);
    }

    private static Reconnecting<RxConnection> Reconnect(
        EndPoint remoteEndPoint, Backoff? backoff, ConnectOptions? options, TimeProvider? timeProvider, Action<Exception>? onFailure)
    {
        ArgumentNullException.ThrowIfNull(remoteEndPoint);
        Backoff validated = (backoff ?? new Backoff()).Validated();
        ConnectOptions connect = (options ?? new ConnectOptions()).Validated();
        return new Reconnecting<RxConnection>(
            token => RxConnection.ConnectAsync(remoteEndPoint, default, connect, token), validated, timeProvider ?? TimeProvider.System, onFailure, Random.Shared.NextDouble);
    }
}
