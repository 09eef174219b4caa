using System.Buffers.Binary;

namespace RxSockets.Fuzz.Targets;

/// <summary>Varints of any bytes, and prefixes of any length: what does not fit is refused, what was written reads back, in its shortest form.</summary>
internal static class PrefixTarget
{
    public static void Run(ReadOnlySpan<byte> data)
    {
        var input = new FuzzInput(data);
        LengthPrefix prefix = input.OneOf<LengthPrefix>(Enum.GetValues<LengthPrefix>());
        byte[] bytes = input.Rest();
        ReadVarint(bytes);
        byte[] number = [.. bytes, .. new byte[8]];
        Write(prefix, BinaryPrimitives.ReadInt64LittleEndian(number) & long.MaxValue);
    }

    private static void ReadVarint(byte[] bytes)
    {
        int end = 0;
        UInt128? expected = Reference.Varint(bytes, ref end);
        try
        {
            bool found = PrefixCodec.TryReadVarint(bytes, out int length, out ulong value);
            FindingException.UnlessEqual(expected, found ? value : null, "the value of a varint");
            FindingException.UnlessEqual(end, length, "the length of a varint");
        }
        catch (InvalidDataException)
        {
            FindingException.UnlessEqual<UInt128?>(UInt128.MaxValue, expected, "a varint was refused");
        }
    }

    private static void Write(LengthPrefix prefix, long length)
    {
        byte[] head = new byte[PrefixCodec.MaxVarintLength];
        int size = PrefixCodec.FixedLength(prefix);
        bool fits = size is 0 or 8 || length < 1L << (8 * size);
        int written;
        try
        {
            written = PrefixCodec.Write(head, prefix, length);
        }
        catch (ArgumentOutOfRangeException)
        {
            FindingException.Unless(!fits, $"{length} was refused by {prefix}");
            return;
        }

        FindingException.Unless(fits, $"{length} was taken by {prefix}");
        int shortest = 1;
        for (long rest = length >> 7; rest > 0; rest >>= 7)
            shortest++;
        FindingException.UnlessEqual(size == 0 ? shortest : size, written, $"bytes of {length} as {prefix}");
        int end = 0;
        UInt128? read = Reference.Length(head[..written], prefix, ref end);
        FindingException.UnlessEqual((UInt128)length, read, $"{length} written as {prefix}");
        FindingException.UnlessEqual(written, end, $"bytes that are read of {length} as {prefix}");
    }
}
