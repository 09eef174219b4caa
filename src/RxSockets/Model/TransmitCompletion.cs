using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace RxSockets;

/// <summary>What was sent.</summary>
public enum TransmitKind
{
    /// <summary>A SendAsync.</summary>
    Send,

    /// <summary>A TransmitFileAsync.</summary>
    File,

    /// <summary>A TransmitPacketsAsync.</summary>
    Packets,
}

/// <summary>One ended send or transmit of a connection: an item of <see cref="RxConnection.Transmitted"/>.</summary>
/// <param name="Sequence">Counts the completions of this connection from 0 since somebody first listened; a gap says that a slow listener missed some.</param>
/// <param name="Kind">What was sent.</param>
/// <param name="BytesTransmitted">Bytes the kernel took.</param>
/// <param name="Duration">From the call to the completion; from the first listener's arrival, where that was later.</param>
/// <param name="Error"><see cref="SocketError.Success"/>, or why it ended early: <see cref="SocketError.OperationAborted"/> for a cancelled one.</param>
[StructLayout(LayoutKind.Auto)]
public readonly record struct TransmitCompletion(long Sequence, TransmitKind Kind, long BytesTransmitted, TimeSpan Duration, SocketError Error);
