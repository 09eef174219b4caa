using System.Net;
using System.Net.Sockets;
using System.Text;
using FsCheck;
using FsCheck.Xunit;
using RxSockets.Engines.Iocp;
using RxSockets.Engines.IoUring;

namespace RxSockets.Tests.Engines;

/// <summary>Native addresses: what was written reads back, and no bytes whatever throw: an address comes from the peer.</summary>
public unsafe class AddressPropertyTests
{
    [Property(MaxTest = 2000)]
    public void Any_bytes_are_an_address_or_none(byte[] bytes, byte family, bool filled)
    {
        byte[] native = new byte[WinsockAddress.MaxBytes];
        // Mostly with a family that is known, and often with every byte in use: paths that are as long as they may be.
        if (filled)
            native.AsSpan().Fill((byte)(family + 1));
        bytes.AsSpan(0, Math.Min(bytes.Length, native.Length - 2)).CopyTo(native.AsSpan(2));
        native[0] = (family % 4) switch { 0 => 1, 1 => 2, 2 => 23, _ => family };
        // Where the framework has no endpoint for Unix paths there are no such sockets either (Wine).
        if (native[0] == 1 && !Socket.OSSupportsUnixDomainSockets)
            native[0] = 2;
        native[1] = 0;
        fixed (byte* address = native)
        {
            for (int length = 0; length <= native.Length; length++)
            {
                EndPoint? read = WinsockAddress.Read(address, length);
                Assert.True(read is null or IPEndPoint or UnixDomainSocketEndPoint);
            }
        }
    }

    [Property(MaxTest = 500)]
    public void What_was_written_reads_back(byte[] address, ushort port, ushort scope, bool six)
    {
        byte[] padded = [.. address, .. new byte[16]];
        var endPoint = new IPEndPoint(six ? new IPAddress(padded[..16], scope) : new IPAddress(padded[..4]), port);
        byte* native = stackalloc byte[WinsockAddress.MaxBytes];
        int length = WinsockAddress.Write(endPoint, native);
        Assert.Equal(endPoint, WinsockAddress.Read(native, length));
    }

    [Property(MaxTest = 500)]
    public void A_path_that_was_written_reads_back(string? text)
    {
        if (!Socket.OSSupportsUnixDomainSockets)
            return;
        string path = "/" + new string([.. (text ?? "").Where(static c => c != 0 && !char.IsSurrogate(c)).Take(30)]);
        byte* native = stackalloc byte[WinsockAddress.MaxBytes];
        int length = WinsockAddress.Write(new UnixDomainSocketEndPoint(path), native);
        Assert.Equal(path, WinsockAddress.Read(native, length)?.ToString());
        Assert.InRange(Encoding.UTF8.GetByteCount(path), 1, length - 2);
    }

    [Theory]
    [InlineData(108)]
    [InlineData(107)]
    public void A_peers_path_that_is_no_text_throws_nothing(int bytes)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux() && Socket.OSSupportsUnixDomainSockets, "Binds a Unix socket to a name that is no UTF-8.");
        byte* native = stackalloc byte[WinsockAddress.MaxBytes];
        new Span<byte>(native, WinsockAddress.MaxBytes).Fill(0xff);
        native[0] = 1;
        native[1] = 0;
        Assert.Null(WinsockAddress.Read(native, 2 + bytes));
        // The same on the other engine, from a real socket: in the abstract namespace any bytes are a name.
        int fd = LinuxSocket.Create(new UnixDomainSocketEndPoint("/"));
        try
        {
            native[2] = 0;
            Assert.Equal(0, RxSockets.Native.Linux.Libc.bind(fd, native, (uint)(2 + bytes)));
            Assert.Equal(0, LinuxSocket.GetName(fd, peer: false, out EndPoint? name));
            Assert.True(name is null or UnixDomainSocketEndPoint);
        }
        finally
        {
            _ = RxSockets.Native.Linux.Libc.close(fd);
        }
    }
}
