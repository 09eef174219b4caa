using System.Net;
using System.Net.Sockets;
using RxSockets.Operations;
using RxSockets.Sockets;

namespace RxSockets;

/// <content>DisconnectEx, and ConnectEx on the handle it kept.</content>
public sealed partial class RxConnection
{
    /// <summary>
    /// Ends both directions in order: FIN behind what was sent, then waits for the peer's FIN; what still arrives goes to the reader, or is
    /// dropped if there is none. Native: DisconnectEx.
    /// </summary>
    /// <param name="reuseSocket">Keeps the handle for <see cref="ReconnectAsync"/> (a connection that came from accept: for its listener, where the engine can).
    /// Nothing of this connection is left in it. Not for Unix sockets (OperationNotSupported).</param>
    /// <param name="cancellationToken">Ends the wait; the connection goes on closing.</param>
    /// <returns>With <paramref name="reuseSocket"/>: whether the handle was kept; false when the peer did not end within <see cref="CompletionPortOptions.CloseTimeout"/>
    /// of progress, TIME_WAIT took longer, the connection failed or the engine has no way. Without: true when the peer ended in order.</returns>
    /// <exception cref="SocketException">NotConnected: it ended already.</exception>
    public ValueTask<bool> DisconnectAsync(bool reuseSocket = false, CancellationToken cancellationToken = default) =>
        _core.DisconnectAsync(reuseSocket, cancellationToken);

    /// <summary>
    /// Connects the handle that <c>DisconnectAsync(reuseSocket: true)</c> kept: a new life of this object. <see cref="Closed"/>, <see cref="Transmitted"/>,
    /// <see cref="FirstData"/>, <see cref="ConnectTime"/>, counters and endpoints are new; streams taken earlier stay ended. The options given to ConnectAsync hold again;
    /// a local endpoint bound then stays bound. A refused or unreachable endpoint leaves the handle for another try. Not while another ReconnectAsync runs.
    /// </summary>
    /// <exception cref="SocketException">IsConnected: not disconnected yet. NotSocket: the handle was not kept. InvalidArgument: the connection came from accept.
    /// AddressFamilyNotSupported: the endpoint is not of the handle's family. Else as ConnectAsync.</exception>
    public async ValueTask ReconnectAsync(EndPoint remoteEndPoint, ReadOnlyMemory<byte> firstData = default, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(remoteEndPoint);
        cancellationToken.ThrowIfCancellationRequested();
        Connection core = _core;
        RecycledHandle handle = core.TakeKept(remoteEndPoint);
        try
        {
            ConnectOptions options = _options ?? new ConnectOptions();
            Connection next = await ConnectAttempt.ConnectAsync(core.Port, remoteEndPoint, firstData, options, handle, cancellationToken).ConfigureAwait(false);
            // Full fence, as in DisposeAsync: either we find the old life disposed of, or the disposal finds the new one.
            Interlocked.Exchange(ref _core, next);
            if (core.IsDisposed)
                next.End();
        }
        catch
        {
            core.Kept!.Put(handle);
            throw;
        }
    }
}
