using System.Net;
using RxSockets.Sockets;
using RxSockets.Streams;

namespace RxSockets;

/// <summary>
/// A bound, listening stream socket (TCP over IPv4 and IPv6, Unix), and the connections it accepts as a stream. Cold: nothing is accepted before
/// somebody reads. One reader at a time; what no reader took stays for the next. Thread-safe.
/// </summary>
public sealed class RxListener : IAsyncDisposable
{
    private readonly Listener<RxConnection> _core;

    private RxListener(Listener<RxConnection> core)
    {
        _core = core;
        Accepted = new ItemObservable<RxConnection>(core);
    }

    /// <summary>The endpoint bound; with port 0 asked for, the port the system chose.</summary>
    public EndPoint LocalEndPoint => _core.LocalEndPoint;

    /// <summary>
    /// The accepted connections, pushed where completions run. The subscriber owns each connection and disposes it. Completes when the
    /// listener is disposed; fails only when the listening socket is of no use any more. Native: AcceptEx; Linux: multishot accept.
    /// </summary>
    public IObservable<RxConnection> Accepted { get; }

    /// <summary>Accept errors that concerned one client only (it reset before it was accepted); the stream went on.</summary>
    public long TransientAcceptErrors => _core.TransientErrors;

    /// <summary>Times accepting paused because descriptors or memory ran out: 5 ms, doubling to 1 s.</summary>
    public long AcceptPauses => _core.Pauses;

    /// <summary>Clients aborted because they sent nothing within <see cref="ListenerOptions.FirstDataTimeout"/>, or because too many were silent.</summary>
    public long SilentClientsDropped => _core.SilentDropped;

    /// <summary>Binds and listens. Accepting begins with the first reader.</summary>
    /// <param name="localEndPoint">An <see cref="IPEndPoint"/> (port 0: any free port) or a <see cref="System.Net.Sockets.UnixDomainSocketEndPoint"/>.</param>
    /// <param name="options">Copied; null for the defaults.</param>
    /// <exception cref="System.Net.Sockets.SocketException">AddressAlreadyInUse, AddressNotAvailable, AccessDenied, ... as bind and listen report.</exception>
    /// <exception cref="ArgumentOutOfRangeException">An option is out of its range; the message names option and limits.</exception>
    public static RxListener Bind(EndPoint localEndPoint, ListenerOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(localEndPoint);
        ListenerOptions validated = (options ?? new ListenerOptions()).Validated();
        PortCore port = (validated.CompletionPort ?? CompletionPort.Shared).Core;
        return new RxListener(new Listener<RxConnection>(port, localEndPoint, validated, static core => new RxConnection(core)));
    }

    /// <summary>
    /// The accepted connections, pulled. The caller owns each connection and disposes it. Ends when the listener is disposed; a cancelled
    /// token ends it with <see cref="OperationCanceledException"/>.
    /// </summary>
    public IAsyncEnumerable<RxConnection> AcceptAllAsync(CancellationToken cancellationToken = default) =>
        new ItemEnumerable<RxConnection>(_core, cancellationToken);

    /// <summary>Accepts one connection. It is the listener's one reader while it waits.</summary>
    /// <exception cref="ObjectDisposedException">The listener was disposed.</exception>
    public async ValueTask<RxConnection> AcceptAsync(CancellationToken cancellationToken = default)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var reader = new ItemEnumerator<RxConnection>(_core, cancellationToken, linked: null);
        await using (reader.ConfigureAwait(false))
        {
            if (await reader.MoveNextAsync().ConfigureAwait(false))
                return reader.Current;
        }

        throw new ObjectDisposedException(nameof(RxListener));
    }

    /// <summary>
    /// Stops listening: the stream completes, connections accepted but not delivered are closed, delivered ones live on, a Unix path is removed
    /// if it is still this listener's. Waits until the socket is closed.
    /// </summary>
    public ValueTask DisposeAsync() => new(_core.Close());
}
