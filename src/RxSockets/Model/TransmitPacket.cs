using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace RxSockets;

/// <summary>
/// One element of <see cref="RxConnection.TransmitPacketsAsync"/> (TRANSMIT_PACKETS_ELEMENT): memory, or a range of a file. Memory and file handle
/// stay borrowed until the transmit ended.
/// </summary>
[StructLayout(LayoutKind.Auto)]
public readonly struct TransmitPacket : IEquatable<TransmitPacket>
{
    /// <summary>As offset: the handle's file position at the time of the call. The position is not moved.</summary>
    public const long CurrentPosition = -1;

    /// <summary>As send size: every element with <see cref="EndOfPacket"/> ends one send request (nSendSize with all bits set).</summary>
    public const int SendSizePerPacket = -1;

    private TransmitPacket(ReadOnlyMemory<byte> memory, SafeFileHandle? file, long offset, long count, bool endOfPacket)
    {
        Memory = memory;
        File = file;
        Offset = offset;
        Count = count;
        EndOfPacket = endOfPacket;
    }

    /// <summary>The bytes of a memory element; empty for a file.</summary>
    public ReadOnlyMemory<byte> Memory { get; }

    /// <summary>The file; null for memory.</summary>
    public SafeFileHandle? File { get; }

    /// <summary>First byte of the file range, or <see cref="CurrentPosition"/>.</summary>
    public long Offset { get; }

    /// <summary>Bytes of the file range; 0: to the end of the file.</summary>
    public long Count { get; }

    /// <summary>This element ends a packet (TP_ELEMENT_EOP).</summary>
    public bool EndOfPacket { get; }

    /// <summary>A memory element (TP_ELEMENT_MEMORY).</summary>
    public static TransmitPacket FromMemory(ReadOnlyMemory<byte> memory, bool endOfPacket = false) => new(memory, null, 0, memory.Length, endOfPacket);

    /// <summary>A file element (TP_ELEMENT_FILE): a range of a file that can seek.</summary>
    /// <param name="file">The open file.</param>
    /// <param name="offset">First byte, or <see cref="CurrentPosition"/>.</param>
    /// <param name="count">Bytes; 0: to the end of the file.</param>
    /// <param name="endOfPacket">The element ends a packet.</param>
    public static TransmitPacket FromFile(SafeFileHandle file, long offset = 0, long count = 0, bool endOfPacket = false)
    {
        ArgumentNullException.ThrowIfNull(file);
        return new TransmitPacket(default, file, offset, count, endOfPacket);
    }

    /// <inheritdoc/>
    public bool Equals(TransmitPacket other) =>
        Memory.Equals(other.Memory) && File == other.File && Offset == other.Offset && Count == other.Count && EndOfPacket == other.EndOfPacket;

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is TransmitPacket other && Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Memory, File, Offset, Count, EndOfPacket);

    /// <summary>Compares what is borrowed, not contents.</summary>
    public static bool operator ==(TransmitPacket left, TransmitPacket right) => left.Equals(right);

    /// <summary>Compares what is borrowed, not contents.</summary>
    public static bool operator !=(TransmitPacket left, TransmitPacket right) => !left.Equals(right);
}
