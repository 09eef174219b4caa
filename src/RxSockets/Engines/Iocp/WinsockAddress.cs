using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Text;
using static RxSockets.Native.Windows.WindowsConstants;

namespace RxSockets.Engines.Iocp;

/// <summary>Endpoints as Winsock lays them out: sockaddr_in, sockaddr_in6, sockaddr_un. Plain bytes, so that it is tested on every system.</summary>
internal static unsafe class WinsockAddress
{
    public const int Ip4Bytes = 16;
    public const int Ip6Bytes = 28;

    /// <summary>sizeof(struct sockaddr_un): the family and 108 bytes of path.</summary>
    public const int UnixBytes = 110;

    /// <summary>What any of them fits into: sizeof(SOCKADDR_STORAGE).</summary>
    public const int MaxBytes = 128;

    /// <summary>AF_ of the endpoint's kind; -1 for one that is not mapped.</summary>
    public static int Family(EndPoint endPoint) => endPoint switch
    {
        IPEndPoint { AddressFamily: AddressFamily.InterNetwork } => AF_INET,
        IPEndPoint { AddressFamily: AddressFamily.InterNetworkV6 } => AF_INET6,
        UnixDomainSocketEndPoint => AF_UNIX,
        _ => -1,
    };

    /// <summary>sizeof the largest address of a family.</summary>
    public static int Size(int family) => family switch
    {
        AF_INET => Ip4Bytes,
        AF_INET6 => Ip6Bytes,
        _ => UnixBytes,
    };

    /// <summary>Writes the address into at least <see cref="MaxBytes"/> bytes; returns its length.</summary>
    public static int Write(EndPoint endPoint, byte* address)
    {
        var bytes = new Span<byte>(address, MaxBytes);
        bytes.Clear();
        BinaryPrimitives.WriteUInt16LittleEndian(bytes, (ushort)Family(endPoint));
        if (endPoint is UnixDomainSocketEndPoint)
        {
            // The constructor of the endpoint has limited the path to what fits.
            Encoding.UTF8.GetBytes(endPoint.ToString()!, bytes[2..UnixBytes]);
            return UnixBytes;
        }

        var ip = (IPEndPoint)endPoint;
        BinaryPrimitives.WriteUInt16BigEndian(bytes[2..], (ushort)ip.Port);
        if (ip.AddressFamily == AddressFamily.InterNetwork)
        {
            ip.Address.TryWriteBytes(bytes[4..], out _);
            return Ip4Bytes;
        }

        ip.Address.TryWriteBytes(bytes[8..], out _);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes[24..], (uint)ip.Address.ScopeId);
        return Ip6Bytes;
    }

    /// <summary>
    /// Copies an address that the framework wrote into at least 32 bytes; returns its length. The family has this system's number in it: Windows' own there, another
    /// one where the engine runs over a stand-in.
    /// </summary>
    public static int Copy(SocketAddress from, byte* address)
    {
        from.Buffer.Span[..from.Size].CopyTo(new Span<byte>(address, from.Size));
        BinaryPrimitives.WriteUInt16LittleEndian(new Span<byte>(address, 2), (ushort)(from.Family == AddressFamily.InterNetworkV6 ? AF_INET6 : AF_INET));
        return from.Size;
    }

    /// <summary>Null for no address, one of a family that is not mapped, and a Unix path that is no text.</summary>
    public static EndPoint? Read(byte* address, int length)
    {
        if (address is null || length < sizeof(ushort))
            return null;
        var bytes = new ReadOnlySpan<byte>(address, length);
        switch (BinaryPrimitives.ReadUInt16LittleEndian(bytes))
        {
            case AF_INET when length >= Ip4Bytes:
                return new IPEndPoint(new IPAddress(bytes[4..8]), BinaryPrimitives.ReadUInt16BigEndian(bytes[2..]));
            case AF_INET6 when length >= Ip6Bytes:
                return new IPEndPoint(
                    new IPAddress(bytes[8..24], BinaryPrimitives.ReadUInt32LittleEndian(bytes[24..])), BinaryPrimitives.ReadUInt16BigEndian(bytes[2..]));
            case AF_UNIX:
                ReadOnlySpan<byte> path = bytes[2..];
                int end = path.IndexOf((byte)0);
                path = end < 0 ? path : path[..end];
                // The peer chose it: what is no text, or fills all of the address, is nothing that the framework's endpoint can hold.
                bool isText = path.Length is > 0 and < UnixBytes - sizeof(ushort) && System.Text.Unicode.Utf8.IsValid(path);
                return isText ? new UnixDomainSocketEndPoint(Encoding.UTF8.GetString(path)) : null;
            default:
                return null;
        }
    }
}
