namespace RxSockets;

/// <summary>How the length in front of a frame is written. It counts the bytes behind it, not itself.</summary>
public enum LengthPrefix
{
    /// <summary>One byte.</summary>
    Byte,

    /// <summary>Two bytes, most significant first.</summary>
    UInt16BigEndian,

    /// <summary>Two bytes, least significant first.</summary>
    UInt16LittleEndian,

    /// <summary>Four bytes, most significant first: network order.</summary>
    UInt32BigEndian,

    /// <summary>Four bytes, least significant first.</summary>
    UInt32LittleEndian,

    /// <summary>Eight bytes, most significant first.</summary>
    UInt64BigEndian,

    /// <summary>Eight bytes, least significant first.</summary>
    UInt64LittleEndian,

    /// <summary>One to ten bytes of seven bits, least significant first, the top bit set on all but the last (LEB128, as in Protocol Buffers).</summary>
    Varint,
}
