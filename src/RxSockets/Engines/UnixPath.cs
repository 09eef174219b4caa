using System.Net;
using System.Net.Sockets;

namespace RxSockets.Engines;

/// <summary>
/// The path a Unix listener is bound to. A stale socket file, one that refuses connections, is replaced; anything else is in use. On close the file
/// is removed only if it is still the one that was made here, told by its creation time and a refused connection; .NET has no inode in its API.
/// </summary>
internal sealed class UnixPath
{
    private readonly string _path;
    private DateTime _made;

    private UnixPath(string path) => _path = path;

    /// <summary>Null for an abstract name.</summary>
    public static UnixPath? Claim(UnixDomainSocketEndPoint endPoint)
    {
        string path = endPoint.ToString()!;
        if (path.Length == 0 || path[0] is '@' or '\0')
            return null;
        if (File.Exists(path))
        {
            using var probe = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
            try
            {
                probe.Connect(endPoint);
                throw new SocketException((int)SocketError.AddressAlreadyInUse);
            }
            catch (SocketException error) when (error.SocketErrorCode == SocketError.ConnectionRefused && IsSocket(path))
            {
                File.Delete(path);
            }
            catch (SocketException)
            {
                throw new SocketException((int)SocketError.AddressAlreadyInUse);
            }
        }

        return new UnixPath(path);
    }

    // A plain file and a pipe refuse connections as well. .NET has no name for what a file is, but only a socket cannot be opened (ENXIO); for reading and
    // writing, since a pipe opened for one of them waits for its other end.
    private static bool IsSocket(string path)
    {
        try
        {
            File.OpenHandle(path, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete).Dispose();
            return false;
        }
        catch (UnauthorizedAccessException)
        {
            return false;
        }
        catch (IOException)
        {
            return true;
        }
    }

    public void Bound() => _made = File.GetCreationTimeUtc(_path);

    public void Release()
    {
        if (!File.Exists(_path) || File.GetCreationTimeUtc(_path) != _made)
            return;
        File.Delete(_path);
    }
}

/// <summary>A path to bind to that System.Net.Sockets does not take for one of its own to delete.</summary>
internal sealed class UnixPathEndPoint(UnixDomainSocketEndPoint inner) : EndPoint
{
    public override AddressFamily AddressFamily => AddressFamily.Unix;

    public override SocketAddress Serialize() => inner.Serialize();

    public override EndPoint Create(SocketAddress socketAddress) => inner.Create(socketAddress);
}
