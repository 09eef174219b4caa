namespace RxSockets;

/// <summary>
/// What a transmit does besides sending (the TF_ flags of TransmitFile and TransmitPackets). The values are the native ones, but for
/// <see cref="UseDefaultWorker"/>, whose native value is 0. A combination that breaks a rule is <see cref="System.Net.Sockets.SocketError.InvalidArgument"/> on every engine.
/// </summary>
[Flags]
public enum TransmitFlags
{
    /// <summary>Only send.</summary>
    None = 0,

    /// <summary>After the last byte the connection ends in order: FIN, then the peer's end in the background, as <see cref="RxConnection.DisconnectAsync"/>.</summary>
    Disconnect = 0x01,

    /// <summary>
    /// Keep the handle for <see cref="RxConnection.ReconnectAsync"/>; only with <see cref="Disconnect"/>. The transmit completes when the peer's data was read
    /// and the peer has closed.
    /// </summary>
    ReuseSocket = 0x02,

    /// <summary>
    /// Complete once the system has taken the data; not with <see cref="Disconnect"/> or <see cref="ReuseSocket"/>, and not for packets. Outside of
    /// Windows every transmit completes then.
    /// </summary>
    WriteBehind = 0x04,

    /// <summary>Hint: file data is sent by a worker thread.</summary>
    UseDefaultWorker = 0x08,

    /// <summary>Hint: file data is sent by a system thread. Outside of Windows as <see cref="UseDefaultWorker"/>.</summary>
    UseSystemThread = 0x10,

    /// <summary>Hint: kernel APCs of the submitting thread carry long transmits. Outside of Windows the loop sends what is in the page cache, which is the default there.</summary>
    UseKernelApc = 0x20,
}
