using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using RxSockets.Sockets;
using RxSockets.Streams;

namespace RxSockets;

/// <summary>
/// A bound UDP socket over IPv4, IPv6 or both, and the datagrams it receives as a stream. Cold: nothing is taken from the kernel before somebody reads. One
/// reader at a time; what no reader took stays for the next. Sending may be done by anybody. Thread-safe.
/// </summary>
public sealed partial class RxDatagramSocket : IAsyncDisposable
{
    private readonly DatagramSocket _core;

    private RxDatagramSocket(DatagramSocket core)
    {
        _core = core;
        Received = new ItemObservable<ReceivedDatagram>(core.Receive);
    }

    /// <summary>
    /// The received datagrams, lent, pushed where completions run. Cold, one reader. Errors that the network reports (ICMP) are counted and do not end it
    /// (<see cref="NetworkErrors"/>); a handler that throws does not either: its exception goes to <see cref="CompletionPort.UnhandledException"/>.
    /// Disposal of the socket ends it with <see cref="SocketError.OperationAborted"/>.
    /// </summary>
    public IObservable<ReceivedDatagram> Received { get; }

    /// <summary>The endpoint bound; with port 0 asked for, the port the system chose.</summary>
    public IPEndPoint LocalEndPoint => _core.LocalEndPoint;

    /// <summary>The peer of a connected socket; null until <see cref="ConnectAsync"/> has completed.</summary>
    public IPEndPoint? RemoteEndPoint => _core.Write.Remote;

    /// <summary>Datagrams taken from the kernel.</summary>
    public long DatagramsReceived => _core.Receive.Received;

    /// <summary>Those of them that were longer than <see cref="DatagramOptions.MaxDatagramSize"/>.</summary>
    public long DatagramsTruncated => _core.Receive.Truncated;

    /// <summary>Datagrams that the kernel took for sending. It may still drop them; so may everybody on the way.</summary>
    public long DatagramsSent => _core.Write.Sent;

    /// <summary>
    /// Errors that the network reported about earlier datagrams (ICMP: port, host or network unreachable, ...). Each is reported once, to whichever call
    /// meets it first: a receive, where it is only counted, or a send, which fails with it. Unconnected sockets hear of none (the managed engine on Windows: of all).
    /// </summary>
    public long NetworkErrors => _core.Receive.NetworkErrors + _core.Write.NetworkErrors;

    /// <summary>The native handle, for what this library does not wrap. It stays the socket's: do not close it.</summary>
    public SafeHandle SafeHandle => _core.WithHandle(0, static (socket, _) => socket.Handle);

    /// <summary>Binds. Receiving begins with the first reader; what arrives before waits in the kernel's buffer.</summary>
    /// <param name="localEndPoint">An <see cref="IPEndPoint"/>; port 0 is any free port.</param>
    /// <param name="options">Copied; null for the defaults.</param>
    /// <exception cref="SocketException">AddressAlreadyInUse, AddressNotAvailable, AddressFamilyNotSupported, ... as bind reports.</exception>
    /// <exception cref="ArgumentOutOfRangeException">An option is out of its range; the message names option and limits.</exception>
    public static RxDatagramSocket Bind(EndPoint localEndPoint, DatagramOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(localEndPoint);
        DatagramOptions validated = (options ?? new DatagramOptions()).Validated();
        PortCore port = (validated.CompletionPort ?? CompletionPort.Shared).Core;
        if (localEndPoint is not IPEndPoint ip)
            throw SocketErrors.Create(SocketError.AddressFamilyNotSupported, "binding", localEndPoint);
        return new RxDatagramSocket(new DatagramSocket(port, ip, validated));
    }

    /// <summary>
    /// The received datagrams, pulled: each is valid until the next pull. Cold, one reader; leaving (break) loses none that was taken. As
    /// <see cref="Received"/> otherwise; a cancelled token ends it with <see cref="OperationCanceledException"/>.
    /// </summary>
    public IAsyncEnumerable<ReceivedDatagram> ReceiveAllAsync(CancellationToken cancellationToken = default) =>
        new ItemEnumerable<ReceivedDatagram>(_core.Receive, cancellationToken);

    /// <summary>
    /// Sends one datagram. Completes when the kernel took it whole; the memory is borrowed until then. Calls leave in order. On a connected socket the
    /// destination holds for this datagram (Linux; some systems refuse). On an IPv6 socket in dual mode IPv4 destinations are mapped.
    /// </summary>
    /// <exception cref="SocketException">MessageSize: longer than a datagram can be. Or an error that the network reported about an earlier datagram
    /// (see <see cref="NetworkErrors"/>): this one did not leave, and the socket goes on.</exception>
    public ValueTask SendToAsync(ReadOnlyMemory<byte> memory, EndPoint remoteEndPoint, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(remoteEndPoint);
        return _core.Write.SendAsync(memory, remoteEndPoint, cancellationToken);
    }

    /// <summary>Sends one datagram to the peer of a connected socket. As <see cref="SendToAsync"/>.</summary>
    /// <exception cref="SocketException">NotConnected: <see cref="ConnectAsync"/> was not called.</exception>
    public ValueTask SendAsync(ReadOnlyMemory<byte> memory, CancellationToken cancellationToken = default) =>
        _core.Write.SendAsync(memory, destination: null, cancellationToken);

    /// <summary>
    /// Sets the peer, behind what was sent before: <see cref="SendAsync"/> goes there, only its datagrams are received from then on, and ICMP's errors about
    /// it are heard. No packet leaves. May be called again for another peer. Datagrams of others that arrived before are still delivered.
    /// </summary>
    public ValueTask ConnectAsync(EndPoint remoteEndPoint, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(remoteEndPoint);
        return _core.Write.ConnectAsync(remoteEndPoint, cancellationToken);
    }

    /// <summary>
    /// Sends many datagrams to the peer of a connected socket, in batches: each EndOfPacket ends a datagram, and so does the last element. Whole and in call order
    /// with every other send. File ranges are read into a buffer first. Memory and handles are borrowed until the call ends. Native: TransmitPackets.
    /// </summary>
    /// <param name="packets">The elements; read when the call is made. An empty element alone is an empty datagram.</param>
    /// <param name="sendSize">Validated as on a connection, and otherwise without meaning: a datagram is never split.</param>
    /// <param name="flags">Hints; Disconnect and ReuseSocket are errors on a datagram socket.</param>
    /// <param name="cancellationToken">Ends it between two datagrams.</param>
    /// <exception cref="TransmitException">InvalidArgument: flags or ranges as on a connection. NotConnected. MessageSize: a datagram is too long. Or the error of the
    /// datagram that failed; those before it have left, and the socket goes on.</exception>
    /// <exception cref="TransmitCanceledException">The token was cancelled first.</exception>
    public ValueTask<TransmitResult> TransmitPacketsAsync(
        ReadOnlyMemory<TransmitPacket> packets, int sendSize = 0, TransmitFlags flags = TransmitFlags.None, CancellationToken cancellationToken = default)
    {
        if (cancellationToken.IsCancellationRequested)
            return ValueTask.FromException<TransmitResult>(new TransmitCanceledException(0, cancellationToken));
        try
        {
            return _core.Write.TransmitAsync(TransmitArguments.Datagrams(packets, sendSize, flags), cancellationToken);
        }
        catch (TransmitException error)
        {
            return ValueTask.FromException<TransmitResult>(error);
        }
    }

    /// <summary>
    /// Ends the reader and whatever is queued for sending with <see cref="SocketError.OperationAborted"/>, waits for what the kernel has in its hands, and
    /// closes the socket.
    /// </summary>
    public ValueTask DisposeAsync() => new(_core.Close());
}
