using System.Buffers.Binary;
using System.Net;
using System.Text;

namespace Proxy;

/// <summary>The version of a header that is sent.</summary>
internal enum ProxyVersion
{
    /// <summary>None is sent.</summary>
    None,

    /// <summary>A line of text.</summary>
    V1,

    /// <summary>A binary block.</summary>
    V2,
}

/// <summary>PROXY headers as bytes (haproxy's doc/proxy-protocol.txt).</summary>
internal static class ProxyHeaderWriter
{
    public static byte[] Write(ProxyHeader header, ProxyVersion version) => version switch
    {
        ProxyVersion.V1 => Encoding.ASCII.GetBytes(Line(header)),
        ProxyVersion.V2 => Block(header),
        _ => [],
    };

    // Version 1 knows nothing but TCP.
    private static string Line(ProxyHeader header) => header is { Source: { } from, Destination: { } to }
        ? $"PROXY {(header.Family == ProxyFamily.Tcp4 ? "TCP4" : "TCP6")} {from.Address} {to.Address} {from.Port} {to.Port}\r\n"
        : "PROXY UNKNOWN\r\n";

    private static byte[] Block(ProxyHeader header)
    {
        ReadOnlySpan<byte> addresses = header is { Source: { } from, Destination: { } to } ? Addresses(from, to) : header.UnixPaths.Span;
        byte command = header.Family == ProxyFamily.Local ? (byte)0x20 : (byte)0x21;
        byte family = header.Family switch
        {
            ProxyFamily.Tcp4 => 0x11,
            ProxyFamily.Tcp6 => 0x21,
            ProxyFamily.Unix => 0x31,
            _ => 0x00,
        };
        return [.. ProxyHeaderDecoder.Signature, command, family, (byte)(addresses.Length >> 8), (byte)addresses.Length, .. addresses];
    }

    private static byte[] Addresses(IPEndPoint from, IPEndPoint to)
    {
        byte[] ports = new byte[4];
        BinaryPrimitives.WriteUInt16BigEndian(ports, (ushort)from.Port);
        BinaryPrimitives.WriteUInt16BigEndian(ports.AsSpan(2), (ushort)to.Port);
        return [.. from.Address.GetAddressBytes(), .. to.Address.GetAddressBytes(), .. ports];
    }
}
