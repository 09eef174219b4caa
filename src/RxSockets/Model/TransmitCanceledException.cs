namespace RxSockets;

/// <summary>
/// A transmit was cancelled. With <see cref="BytesTransmitted"/> 0 and nothing started the connection goes on; else it can only be aborted.
/// </summary>
public sealed class TransmitCanceledException : OperationCanceledException
{
    /// <summary>Makes the exception.</summary>
    public TransmitCanceledException(long bytesTransmitted, CancellationToken token)
        : base($"The transmit was cancelled after {bytesTransmitted} bytes.", token) => BytesTransmitted = bytesTransmitted;

    /// <summary>Bytes the kernel took before the cancel.</summary>
    public long BytesTransmitted { get; }
}
