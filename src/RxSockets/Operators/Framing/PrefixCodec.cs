using System.Buffers.Binary;

namespace RxSockets;

/// <summary>Length prefixes: their sizes, varints, and writing them.</summary>
internal static class PrefixCodec
{
    public const int MaxVarintLength = 10;

    /// <summary>Bytes of the prefix; 0 for a varint.</summary>
    public static int FixedLength(LengthPrefix prefix) => prefix switch
    {
        LengthPrefix.Byte => 1,
        LengthPrefix.UInt16BigEndian or LengthPrefix.UInt16LittleEndian => 2,
        LengthPrefix.UInt32BigEndian or LengthPrefix.UInt32LittleEndian => 4,
        LengthPrefix.UInt64BigEndian or LengthPrefix.UInt64LittleEndian => 8,
        _ => 0,
    };

    /// <summary>Reads an unsigned varint; false when its last byte is not there yet.</summary>
    /// <exception cref="InvalidDataException">It does not end within ten bytes, or is beyond 64 bits.</exception>
    public static bool TryReadVarint(ReadOnlySpan<byte> bytes, out int length, out ulong value)
    {
        value = 0;
        for (length = 0; length < bytes.Length; length++)
        {
            byte part = bytes[length];
            // The tenth byte carries the 64th bit and nothing else.
            if (length == MaxVarintLength - 1 && part > 1)
                throw new InvalidDataException("A varint length is longer than 64 bits.");
            value |= (ulong)(part & 0x7F) << (7 * length);
            if (part < 0x80)
            {
                length++;
                return true;
            }
        }

        return false;
    }

    /// <summary>Writes the prefix and says how many bytes it took.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The length does not fit the prefix.</exception>
    public static int Write(Span<byte> destination, LengthPrefix prefix, long length)
    {
        int size = FixedLength(prefix);
        if (size is > 0 and < 8 && length >> (8 * size) != 0)
            throw new ArgumentOutOfRangeException(nameof(length), length, $"{length} bytes do not fit a prefix of {size} bytes.");
        switch (prefix)
        {
            case LengthPrefix.Byte:
                destination[0] = (byte)length;
                break;
            case LengthPrefix.UInt16BigEndian:
                BinaryPrimitives.WriteUInt16BigEndian(destination, (ushort)length);
                break;
            case LengthPrefix.UInt16LittleEndian:
                BinaryPrimitives.WriteUInt16LittleEndian(destination, (ushort)length);
                break;
            case LengthPrefix.UInt32BigEndian:
                BinaryPrimitives.WriteUInt32BigEndian(destination, (uint)length);
                break;
            case LengthPrefix.UInt32LittleEndian:
                BinaryPrimitives.WriteUInt32LittleEndian(destination, (uint)length);
                break;
            case LengthPrefix.UInt64BigEndian:
                BinaryPrimitives.WriteUInt64BigEndian(destination, (ulong)length);
                break;
            case LengthPrefix.UInt64LittleEndian:
                BinaryPrimitives.WriteUInt64LittleEndian(destination, (ulong)length);
                break;
            default:
                ulong rest = (ulong)length;
                for (size = 0; rest >= 0x80; rest >>= 7)
                    destination[size++] = (byte)(rest | 0x80);
                destination[size++] = (byte)rest;
                break;
        }

        return size;
    }
}
