using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace RxSockets.Sockets;

/// <summary>
/// A connection's native handle, as its user reads and sets it. Every call holds the connection's lock and finds the handle open: closing begins under the
/// same lock, so a number that the system has given to somebody else meanwhile is never touched.
/// </summary>
internal sealed class OpenHandle(Connection connection, Lock sync)
{
    private EndPoint? _localEndPoint;

    /// <summary>Readable also after the end, if it was read before.</summary>
    public EndPoint? LocalEndPoint
    {
        get
        {
            lock (sync)
            {
                if (!connection.CloseStarted)
                    _localEndPoint ??= connection.Socket.LocalEndPoint;
                return _localEndPoint;
            }
        }
    }

    /// <summary>It is closed or being closed.</summary>
    public bool IsClosed
    {
        get
        {
            lock (sync)
                return connection.CloseStarted;
        }
    }

    /// <summary>Null once it is closed.</summary>
    public TimeSpan? ConnectTime
    {
        get
        {
            lock (sync)
                return connection.CloseStarted ? null : connection.Socket.ConnectTime;
        }
    }

    /// <summary>Bytes waiting in the kernel; 0 once it is closed.</summary>
    public int UnreadBytes
    {
        get
        {
            lock (sync)
                return connection.CloseStarted ? 0 : connection.Socket.UnreadBytes;
        }
    }

    public SafeHandle Handle
    {
        get
        {
            lock (sync)
            {
                ThrowIfClosed("taking the handle");
                return connection.Socket.Handle;
            }
        }
    }

    public int GetOption(SocketOptionLevel level, SocketOptionName name)
    {
        lock (sync)
        {
            ThrowIfClosed("getting an option");
            return connection.Socket.GetOption(level, name);
        }
    }

    public void SetOption(SocketOptionLevel level, SocketOptionName name, int value)
    {
        lock (sync)
        {
            ThrowIfClosed("setting an option");
            connection.Socket.SetOption(level, name, value);
        }
    }

    private void ThrowIfClosed(string doing)
    {
        if (connection.IsDisposed)
            throw Connection.CreateDisposedError();
        if (connection.CloseStarted)
            throw connection.CreateError(SocketError.NotConnected, doing);
    }
}
