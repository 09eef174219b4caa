using System.Buffers;
using System.Net;
using System.Runtime.InteropServices;
using RxSockets.Sockets;
using RxSockets.Streams;

namespace RxSockets;

/// <summary>
/// One connected stream socket: TCP over IPv4 and IPv6, or Unix. Reading has one reader at a time; sending may be done by anybody, calls leave whole
/// and in call order. Thread-safe. Dispose it: see <see cref="DisposeAsync"/>.
/// </summary>
public sealed partial class RxConnection : IAsyncDisposable, IConnectionHolder, IConnectionFault, IConnectionDrop, IConnectionActivity
{
    private readonly ConnectOptions? _options;

    // One life of the socket; reconnecting begins another.
    private volatile Connection _core;

    internal RxConnection(Connection core, ConnectOptions? options = null)
    {
        _options = options;
        _core = core;
    }

    Connection IConnectionHolder.Core => _core;

    /// <summary>
    /// The received data as lent segments, pushed where completions run. Cold, one reader. Completes at the peer's FIN; a reset or failure is the
    /// typed error; disposal by this side is <see cref="System.Net.Sockets.SocketError.OperationAborted"/>.
    /// </summary>
    public IObservable<ReceivedSegment> Received => new SegmentObservable(_core.Receive);

    /// <summary>Time since the connection was established (SO_CONNECT_TIME); null once it is closed. Its age, not its idleness.</summary>
    public TimeSpan? ConnectTime => _core.Handle.ConnectTime;

    /// <summary>
    /// The first block of data, where <see cref="ListenerOptions.FirstDataBytes"/> asked for it: a view, valid until the connection is disposed. The same
    /// bytes are also the first segment of the stream. Empty when the peer sent its FIN first.
    /// </summary>
    public ReadOnlyMemory<byte> FirstData => _core.FirstData;

    /// <summary>Bytes of first data that left with the connect (lpdwBytesSent of ConnectEx).</summary>
    public int FirstDataSent => _core.FirstDataSent;

    /// <summary>The local endpoint.</summary>
    public EndPoint? LocalEndPoint => _core.Handle.LocalEndPoint;

    /// <summary>The peer's endpoint; readable also after the end.</summary>
    public EndPoint? RemoteEndPoint => _core.RemoteEndPoint;

    /// <summary>How the connection ended; completes when the handle is closed. Never faults.</summary>
    public Task<ConnectionClosure> Closed => _core.Closed;

    /// <summary>Bytes received so far.</summary>
    public long BytesReceived => _core.Receive.BytesReceived;

    /// <summary>Bytes the kernel took for sending so far.</summary>
    public long BytesSent => _core.Write.BytesSent;

    /// <summary>The native handle, for what this library does not wrap. It stays the connection's: do not close it.</summary>
    public SafeHandle SafeHandle => _core.Handle.Handle;

    /// <summary>
    /// Connects. With <paramref name="firstData"/> the bytes leave with the same call once the connection is established
    /// (ConnectEx; Linux: linked connect and send); <see cref="FirstDataSent"/> says how many. The memory is borrowed until the call ends.
    /// </summary>
    /// <exception cref="System.Net.Sockets.SocketException">As the native connect: ConnectionRefused, TimedOut, NetworkUnreachable, HostUnreachable,
    /// AddressNotAvailable, AddressFamilyNotSupported, AddressAlreadyInUse, ...</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled before the connection stood.</exception>
    public static async ValueTask<RxConnection> ConnectAsync(
        EndPoint remoteEndPoint, ReadOnlyMemory<byte> firstData = default, ConnectOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(remoteEndPoint);
        ConnectOptions validated = (options ?? new ConnectOptions()).Validated();
        cancellationToken.ThrowIfCancellationRequested();
        PortCore port = (validated.CompletionPort ?? CompletionPort.Shared).Core;
        Connection core = await ConnectAttempt.ConnectAsync(port, remoteEndPoint, firstData, validated, handle: null, cancellationToken).ConfigureAwait(false);
        return new RxConnection(core, validated);
    }

    /// <summary>
    /// The received data as lent segments, pulled: each is valid until the next pull. Cold, one reader; leaving (break) loses no byte. Ends at the
    /// peer's FIN; a reset is the typed error.
    /// </summary>
    public IAsyncEnumerable<ReceivedSegment> ReceiveAllAsync(CancellationToken cancellationToken = default) =>
        new SegmentEnumerable(_core.Receive, cancellationToken);

    /// <summary>Receives once into the caller's memory: at least one byte, or 0 at the peer's FIN. Empty memory waits until data is there.</summary>
    public ValueTask<int> ReceiveAsync(Memory<byte> memory, CancellationToken cancellationToken = default) =>
        _core.Receive.Single.ReceiveAsync(memory, cancellationToken);

    /// <summary>
    /// Sends all bytes. Completes when the kernel took every byte; the memory is borrowed until then, also when cancelled. Cancelling a send that
    /// waits its turn withdraws it; cancelling one that began leaves only <see cref="Abort"/>: the position in the stream is unknown.
    /// </summary>
    public ValueTask SendAsync(ReadOnlyMemory<byte> memory, CancellationToken cancellationToken = default) =>
        _core.SendAsync(memory, cancellationToken);

    /// <summary>Sends all bytes of the sequence, in one vectored send where they fit. As the other overload.</summary>
    public ValueTask SendAsync(ReadOnlySequence<byte> sequence, CancellationToken cancellationToken = default) =>
        _core.SendAsync(sequence, cancellationToken);

    /// <summary>Sends FIN behind everything sent before. Receiving goes on.</summary>
    public ValueTask CompleteWritesAsync(CancellationToken cancellationToken = default) => _core.CompleteWritesAsync(cancellationToken);

    /// <summary>Resets the connection at once (RST): what was not acknowledged is lost. On a Unix socket the peer may see an orderly end.</summary>
    public void Abort() => _core.Abort(ConnectionCloseReason.Aborted, "Aborted by this side.");

    /// <summary>The connection as a Stream, for SslStream and the like. Reading through it is reading the connection: one reader. Disposing it disposes the connection.</summary>
    public Stream AsStream() => new ConnectionStream(this);

    /// <summary>
    /// Stops reading, queues FIN behind what was sent and returns without waiting for the peer. In the background the port drains and discards until
    /// the peer's FIN, or aborts after <see cref="CompletionPortOptions.CloseTimeout"/> without progress. A kept handle is closed.
    /// </summary>
    public ValueTask DisposeAsync()
    {
        Connection core;
        do
        {
            core = _core;
            core.End();
            core.Kept?.Close();
            Interlocked.MemoryBarrier();
        }
        while (core != _core);
        return ValueTask.CompletedTask;
    }

    internal TimeProvider TimeProvider => _core.Port.Time;

    bool IConnectionActivity.IsClosed => _core.Handle.IsClosed;

    TimeSpan? IConnectionActivity.Age => ConnectTime;

    TimeSpan IConnectionActivity.SinceLastReceive => _core.Since(_core.Receive.LastReceive);

    TimeSpan IConnectionActivity.SinceLastActivity => _core.Since(Math.Max(_core.Receive.LastReceive, _core.Write.LastSend));

    long IConnectionActivity.UnreadBytes => _core.CountUnread();

    Task IConnectionActivity.Closed => Closed;

    void IConnectionDrop.Drop(DropRule rule, string reason) => _core.Drop(rule, reason);

    void IConnectionActivity.Abort(string reason) => _core.Abort(ConnectionCloseReason.Dropped, reason);

    void IConnectionFault.Faulted(Exception error) => _core.HandlerThrew(error);
}
