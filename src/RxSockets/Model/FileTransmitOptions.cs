namespace RxSockets;

/// <summary>
/// What <see cref="RxConnection.TransmitFileAsync"/> sends besides the file, and how. Read when the call is made. A value outside of what the file or
/// the call allows is <see cref="System.Net.Sockets.SocketError.InvalidArgument"/>, as the native call reports it.
/// </summary>
public sealed class FileTransmitOptions
{
    /// <summary>Bytes sent before the file. Default none.</summary>
    public ReadOnlyMemory<byte> Head { get; set; }

    /// <summary>Bytes sent after the file. Default none.</summary>
    public ReadOnlyMemory<byte> Tail { get; set; }

    /// <summary>First byte of the file to send, 0 to its length. Default 0.</summary>
    public long Offset { get; set; }

    /// <summary>Bytes of the file to send; 0 (the default): to its end. Any length: what exceeds the native limit of 2,147,483,646 bytes is sent in parts.</summary>
    public long Count { get; set; }

    /// <summary>Most bytes of one send request; 0 (the default): the engine's choice. A stream's receiver cannot see it.</summary>
    public int BytesPerSend { get; set; }

    /// <summary>What else the transmit does. Default nothing.</summary>
    public TransmitFlags Flags { get; set; }

    /// <summary>
    /// Hears how many bytes the kernel has taken so far: now and then while the transmit runs, and once at its end. Called where completions run,
    /// never twice at a time.
    /// </summary>
    public IProgress<long>? Progress { get; set; }
}
