using System.Net.Sockets;

namespace RxSockets;

/// <summary>A transmit failed after some bytes had left, or none. The connection can only be aborted, unless nothing was sent.</summary>
public sealed class TransmitException : SocketException
{
    /// <summary>Makes the exception.</summary>
    public TransmitException(SocketError error, long bytesTransmitted, string? message = null)
        : base((int)error, message) => BytesTransmitted = bytesTransmitted;

    /// <summary>Bytes the kernel took before the failure.</summary>
    public long BytesTransmitted { get; }
}
