using System.Buffers;
using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using RxSockets;

namespace Proxy;

/// <summary>
/// Finds a PROXY header, version 1 or 2, at the beginning of a stream (haproxy's doc/proxy-protocol.txt). What is none is InvalidDataException, as soon as a byte
/// says so; the text quotes nothing of a stranger's. Addresses of datagrams count as unknown; TLVs are skipped, unread.
/// </summary>
internal sealed class ProxyHeaderDecoder : IFrameDecoder<ProxyHeader>
{
    /// <summary>The longest line of version 1, CR LF included.</summary>
    public const int MaxLineBytes = 107;

    /// <summary>The longest header of version 2 that is taken, though one could say 65,551. Without TLVs it is at most 232.</summary>
    public const int MaxBlockBytes = 4096;

    private const int BlockHeadBytes = 16;

    public static ReadOnlySpan<byte> LineStart => "PROXY "u8;

    public static ReadOnlySpan<byte> Signature => "\r\n\r\n\0\r\nQUIT\n"u8;

    public long MaxLength => MaxBlockBytes;

    public bool TryDecode(in ReadOnlySequence<byte> bytes, ref long examined, out long consumed, [MaybeNullWhen(false)] out ProxyHeader frame)
    {
        ReadOnlySpan<byte> start = bytes.IsSingleSegment ? bytes.FirstSpan : bytes.Slice(0, Math.Min(bytes.Length, MaxBlockBytes)).ToArray();
        frame = start[0] == Signature[0] ? ParseBlock(start, out int length) : ParseLine(start, out length);
        consumed = length;
        return frame is not null;
    }

    // "PROXY TCP4 192.168.0.1 192.168.0.11 56324 443\r\n"; null while the end of the line is not there.
    private static ProxyHeader? ParseLine(ReadOnlySpan<byte> bytes, out int length)
    {
        RequireStart(bytes, LineStart);
        ReadOnlySpan<byte> head = bytes[..Math.Min(bytes.Length, MaxLineBytes)];
        length = head.IndexOf((byte)'\n') + 1;
        if (length == 0)
            return bytes.Length < MaxLineBytes ? null : throw Malformed($"its line is longer than {MaxLineBytes} bytes");
        if (head[length - 2] != '\r')
            throw Malformed("its line does not end in CR LF");
        string[] fields = Encoding.Latin1.GetString(head[LineStart.Length..(length - 2)]).Split(' ');
        // Whatever else is in the line of an unknown connection is to be ignored.
        if (fields[0] == "UNKNOWN")
            return ProxyHeader.Unknown;
        if (fields[0] is not ("TCP4" or "TCP6"))
            throw Malformed("its protocol is not TCP4, TCP6 or UNKNOWN");
        if (fields.Length != 5)
            throw Malformed("its line is not made of two addresses and two ports, one space before each");
        bool is4 = fields[0] == "TCP4";
        return ProxyHeader.Tcp(
            new IPEndPoint(ParseAddress(fields[1], is4, "source"), ParsePort(fields[3], "source")),
            new IPEndPoint(ParseAddress(fields[2], is4, "destination"), ParsePort(fields[4], "destination")));
    }

    // Signature, version and command, family, length, addresses, TLVs; null while not all of it is there.
    private static ProxyHeader? ParseBlock(ReadOnlySpan<byte> bytes, out int length)
    {
        length = 0;
        RequireStart(bytes, Signature);
        if (bytes.Length < BlockHeadBytes)
            return null;
        (int version, int command, int family) = (bytes[12] >> 4, bytes[12] & 15, bytes[13]);
        if (version != 2)
            throw Malformed($"its version is {version}, not 2");
        if (command > 1)
            throw Malformed($"its command is {command}, neither LOCAL nor PROXY");
        length = BlockHeadBytes + BinaryPrimitives.ReadUInt16BigEndian(bytes[14..]);
        if (length > MaxBlockBytes)
            throw Malformed($"it is {length} bytes long, and at most {MaxBlockBytes} are taken");
        if (command == 1 && (family >> 4 > 3 || (family & 15) > 2))
            throw Malformed($"its family is 0x{family:x2}, which is none");
        if (bytes.Length < length)
            return null;
        ReadOnlySpan<byte> addresses = bytes[BlockHeadBytes..length];
        return command == 0 ? ProxyHeader.Local : family switch
        {
            0x11 => Tcp(addresses, size: 4),
            0x21 => Tcp(addresses, size: 16),
            0x31 => Unix(addresses),
            _ => ProxyHeader.Unknown,
        };
    }

    private static ProxyHeader Tcp(ReadOnlySpan<byte> addresses, int size)
    {
        RequireLength(addresses, 2 * (size + 2));
        ReadOnlySpan<byte> ports = addresses[(2 * size)..];
        return ProxyHeader.Tcp(
            new IPEndPoint(new IPAddress(addresses[..size]), BinaryPrimitives.ReadUInt16BigEndian(ports)),
            new IPEndPoint(new IPAddress(addresses[size..(2 * size)]), BinaryPrimitives.ReadUInt16BigEndian(ports[2..])));
    }

    private static ProxyHeader Unix(ReadOnlySpan<byte> addresses)
    {
        RequireLength(addresses, 2 * ProxyHeader.UnixPathBytes);
        return ProxyHeader.Unix(addresses[..ProxyHeader.UnixPathBytes], addresses[ProxyHeader.UnixPathBytes..(2 * ProxyHeader.UnixPathBytes)]);
    }

    // .NET reads more than the canonical forms: 0x7f.1, 010.0.0.1, [::1], ::1%eth0.
    private static IPAddress ParseAddress(string text, bool is4, string whose) =>
        IPAddress.TryParse(text, out IPAddress? address)
        && (is4
            ? address.AddressFamily == AddressFamily.InterNetwork && address.ToString() == text
            : address.AddressFamily == AddressFamily.InterNetworkV6 && text.All(static c => char.IsAsciiHexDigit(c) || c is ':' or '.'))
            ? address
            : throw Malformed($"its {whose} is no IPv{(is4 ? 4 : 6)} address");

    // .NET takes zeros behind a number, the bytes, for its end.
    private static int ParsePort(string text, string whose) =>
        ushort.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out ushort port)
        && text.All(char.IsAsciiDigit)
        && (text.Length == 1 || text[0] != '0')
            ? port
            : throw Malformed($"its {whose} port is no number from 0 to 65535");

    private static void RequireStart(ReadOnlySpan<byte> bytes, ReadOnlySpan<byte> start)
    {
        int both = Math.Min(bytes.Length, start.Length);
        if (!bytes[..both].SequenceEqual(start[..both]))
            throw new InvalidDataException("The stream does not begin with a PROXY header.");
    }

    private static void RequireLength(ReadOnlySpan<byte> addresses, int least)
    {
        if (addresses.Length < least)
            throw Malformed($"its addresses are {addresses.Length} bytes, fewer than {least}");
    }

    private static InvalidDataException Malformed(string why) => new($"The PROXY header is malformed: {why}.");
}
