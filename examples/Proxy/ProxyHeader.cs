using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Proxy;

/// <summary>How a PROXY header names the connection it stands before.</summary>
internal enum ProxyFamily
{
    /// <summary>The proxy speaks for itself (a health check): the connection's own addresses are the true ones.</summary>
    Local,

    /// <summary>Somebody's, and it is not said whose.</summary>
    Unknown,

    /// <summary>TCP over IPv4.</summary>
    Tcp4,

    /// <summary>TCP over IPv6.</summary>
    Tcp6,

    /// <summary>A Unix stream socket.</summary>
    Unix,
}

/// <summary>What a PROXY header says: who connected, and to where. Either of version 1 or of version 2, which say the same.</summary>
internal sealed class ProxyHeader
{
    /// <summary>Bytes of a path in a header of version 2, zeros at its end included.</summary>
    public const int UnixPathBytes = 108;

    private ProxyHeader(ProxyFamily family) => Family = family;

    public static ProxyHeader Local { get; } = new(ProxyFamily.Local);

    public static ProxyHeader Unknown { get; } = new(ProxyFamily.Unknown);

    public ProxyFamily Family { get; }

    /// <summary>The client, where the family is Tcp4 or Tcp6.</summary>
    public IPEndPoint? Source { get; private init; }

    /// <summary>Where the client connected to.</summary>
    public IPEndPoint? Destination { get; private init; }

    /// <summary>Both paths of a Unix socket, source first, as bytes: they need not be text.</summary>
    public ReadOnlyMemory<byte> UnixPaths { get; private init; }

    public static ProxyHeader Tcp(IPEndPoint source, IPEndPoint destination)
    {
        (IPAddress from, IPAddress to) = (source.Address, destination.Address);
        // A listener for both families sees IPv4 clients as ::ffff:a.b.c.d. A header has one family for both addresses.
        if (from.IsIPv4MappedToIPv6 && to.IsIPv4MappedToIPv6)
            (from, to) = (from.MapToIPv4(), to.MapToIPv4());
        bool is4 = from.AddressFamily == AddressFamily.InterNetwork && to.AddressFamily == AddressFamily.InterNetwork;
        if (!is4)
            (from, to) = (WithoutScope(from), WithoutScope(to));
        return new ProxyHeader(is4 ? ProxyFamily.Tcp4 : ProxyFamily.Tcp6)
        {
            Source = new IPEndPoint(from, source.Port),
            Destination = new IPEndPoint(to, destination.Port),
        };
    }

    /// <param name="source">At most 108 bytes; empty for a client without a name, as most are.</param>
    /// <param name="destination">The same.</param>
    public static ProxyHeader Unix(ReadOnlySpan<byte> source, ReadOnlySpan<byte> destination)
    {
        byte[] paths = new byte[2 * UnixPathBytes];
        source.CopyTo(paths.AsSpan(0, UnixPathBytes));
        destination.CopyTo(paths.AsSpan(UnixPathBytes));
        return new ProxyHeader(ProxyFamily.Unix) { UnixPaths = paths };
    }

    /// <summary>What is to be said of a connection accepted here.</summary>
    public static ProxyHeader Of(EndPoint? remote, EndPoint? local) => (remote, local) switch
    {
        (IPEndPoint client, IPEndPoint here) => Tcp(client, here),
        (_, UnixDomainSocketEndPoint here) => Unix(PathOf(remote), PathOf(here)),
        _ => Unknown,
    };

    /// <summary>Who the client is, for people; null where the header does not say.</summary>
    public override string? ToString() => Family switch
    {
        ProxyFamily.Tcp4 or ProxyFamily.Tcp6 => $"{Source} to {Destination}",
        ProxyFamily.Unix => $"{Text(UnixPaths.Span[..UnixPathBytes])} to {Text(UnixPaths.Span[UnixPathBytes..])}",
        _ => null,
    };

    private static IPAddress WithoutScope(IPAddress address) => new(address.MapToIPv6().GetAddressBytes());

    // The name in a sockaddr_un comes behind the family.
    private static ReadOnlySpan<byte> PathOf(EndPoint? endPoint) =>
        endPoint is UnixDomainSocketEndPoint unix && unix.Serialize() is { Size: > 2 } address
            ? address.Buffer.Span[2..Math.Min(address.Size, 2 + UnixPathBytes)]
            : default;

    // Bytes of a stranger, for a terminal.
    private static string Text(ReadOnlySpan<byte> path) =>
        "unix:" + new string([.. Encoding.UTF8.GetString(path.TrimEnd((byte)0)).Select(static c => c == '\0' ? '@' : char.IsControl(c) ? '?' : c)]);
}
