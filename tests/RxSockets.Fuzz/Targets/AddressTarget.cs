using System.Net;
using System.Net.Sockets;
using RxSockets.Engines.Iocp;
using RxSockets.Operations;

namespace RxSockets.Fuzz.Targets;

/// <summary>Native addresses, which peers choose: any bytes are an endpoint or none, and what was read is written as the framework writes it.</summary>
internal static unsafe class AddressTarget
{
    public static void Run(ReadOnlySpan<byte> data)
    {
        // Memory of its own, as short as it is said to be.
        byte[] native = data[..Math.Min(data.Length, WinsockAddress.MaxBytes)].ToArray();
        // Where the framework has no endpoint for Unix paths there are no such sockets either (Wine).
        if (native is [1, 0, ..] && !Socket.OSSupportsUnixDomainSockets)
            return;
        EndPoint? read;
        fixed (byte* address = native)
            read = WinsockAddress.Read(address, native.Length);
        if (read is null)
            return;
        byte* written = stackalloc byte[WinsockAddress.MaxBytes];
        int length = WinsockAddress.Write(read, written);
        FindingException.Unless(length is > 0 and <= WinsockAddress.MaxBytes, $"{read} takes {length} bytes");
        FindingException.UnlessEqual(read, WinsockAddress.Read(written, length), "written and read");
        if (read is not IPEndPoint ip)
            return;
        var reused = new DatagramAddress();
        foreach (AddressFamily family in new[] { AddressFamily.InterNetworkV6, AddressFamily.InterNetwork })
        {
            // What was written over must not show.
            _ = reused.Write(new IPEndPoint(IPAddress.Parse("fe80::ffff:ffff:ffff:ffff%77"), 65535), family);
            _ = reused.Write(new IPEndPoint(IPAddress.Broadcast, 65535), family);
            SocketAddress? address = reused.Write(ip, family);
            if (family == AddressFamily.InterNetwork && ip.AddressFamily != family)
            {
                FindingException.Unless(address is null, $"{ip} on a socket of IPv4");
                continue;
            }

            IPEndPoint mapped = ip.AddressFamily == family ? ip : new IPEndPoint(ip.Address.MapToIPv6(), ip.Port);
            FindingException.UnlessEqual(mapped.Serialize(), address, $"{ip} for a socket of {family}");
        }
    }
}
