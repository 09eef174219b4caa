using System.Buffers.Binary;
using System.Net.Sockets;
using System.Text;
using RxSockets.Native.Linux;
using static RxSockets.Native.Linux.LinuxConstants;

namespace RxSockets.Engines.IoUring;

/// <summary>
/// The path a Unix listener is bound to. A socket file that refuses connections is stale and is replaced; anything else is in use. On close
/// the file is removed only if it is still the inode that was made here.
/// </summary>
internal sealed unsafe class LinuxUnixPath
{
    private readonly byte[] _path;
    private (ulong Device, ulong Inode)? _made;

    private LinuxUnixPath(byte[] path) => _path = path;

    /// <summary>Null for an abstract name.</summary>
    public static LinuxUnixPath? Claim(UnixDomainSocketEndPoint endPoint)
    {
        string name = endPoint.ToString()!;
        if (name.Length == 0 || name[0] is '@' or '\0')
            return null;
        var path = new LinuxUnixPath([.. Encoding.UTF8.GetBytes(name), 0]);
        if (path.Identity() is null)
            return path;
        int probe = LinuxSocket.Create(endPoint);
        if (probe < 0)
            throw LinuxSocket.Error(probe, "socket");
        int result = LinuxSocket.Connect(probe, endPoint);
        _ = Libc.close(probe);
        // Only a socket refuses; a plain file, too, answers with ECONNREFUSED, so it is told apart by its type.
        if (result != -Errno.ECONNREFUSED || (File.GetAttributes(name) & FileAttributes.Directory) != 0 || !path.IsSocket)
            throw LinuxSocket.Error(-Errno.EADDRINUSE, $"binding to {name}");
        path.Unlink();
        return path;
    }

    public void Bound() => _made = Identity();

    public void Release()
    {
        if (_made is not null && Identity() == _made)
            Unlink();
    }

    private bool IsSocket
    {
        get
        {
            byte* buffer = stackalloc byte[StatxSize];
            return Stat(buffer) && (BinaryPrimitives.ReadUInt16LittleEndian(new ReadOnlySpan<byte>(buffer + StatxModeOffset, 2)) & S_IFMT) == S_IFSOCK;
        }
    }

    private (ulong Device, ulong Inode)? Identity()
    {
        byte* buffer = stackalloc byte[StatxSize];
        if (!Stat(buffer))
            return null;
        return (*(ulong*)(buffer + StatxDeviceMajorOffset), *(ulong*)(buffer + StatxInodeOffset));
    }

    private bool Stat(byte* buffer)
    {
        fixed (byte* path = _path)
            return Libc.statx(AT_FDCWD, path, AT_SYMLINK_NOFOLLOW, STATX_INO | STATX_TYPE, buffer) == 0;
    }

    private void Unlink()
    {
        fixed (byte* path = _path)
            _ = Libc.unlink(path);
    }
}
