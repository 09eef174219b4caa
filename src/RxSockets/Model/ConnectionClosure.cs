using System.Net.Sockets;

namespace RxSockets;

/// <summary>Why a connection ended.</summary>
public enum ConnectionCloseReason
{
    /// <summary>Both directions ended in order: FIN sent and the peer's FIN received.</summary>
    Orderly,

    /// <summary><see cref="RxConnection.Abort"/>: reset by this side.</summary>
    Aborted,

    /// <summary>Aborted by an operator or the listener's sweep; <see cref="ConnectionClosure.Description"/> says which rule.</summary>
    Dropped,

    /// <summary>The peer reset the connection.</summary>
    PeerReset,

    /// <summary>The peer made no progress within <see cref="CompletionPortOptions.CloseTimeout"/> while the connection was closing; aborted.</summary>
    CloseTimeout,

    /// <summary>A handler threw from <c>OnNext</c>; aborted.</summary>
    HandlerFailed,

    /// <summary>Any other failure; <see cref="ConnectionClosure.Error"/> says which.</summary>
    Failed,
}

/// <summary>How a connection ended: the result of <see cref="RxConnection.Closed"/>.</summary>
/// <param name="Reason">Why it ended.</param>
/// <param name="ByPeer">True where the peer began the end (its FIN or reset came before this side closed).</param>
/// <param name="Error">The socket error, <see cref="SocketError.Success"/> for an orderly end.</param>
/// <param name="Description">A sentence for logs.</param>
/// <param name="BytesReceived">Bytes received from the peer.</param>
/// <param name="BytesSent">Bytes the kernel took for sending.</param>
public sealed record ConnectionClosure(
    ConnectionCloseReason Reason, bool ByPeer, SocketError Error, string Description, long BytesReceived, long BytesSent);
