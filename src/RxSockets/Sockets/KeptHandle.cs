using System.Net;
using System.Net.Sockets;
using RxSockets.Operations;

namespace RxSockets.Sockets;

/// <summary>
/// The handle that a disconnected connection kept, until somebody takes it for another connection or nobody wants it any more. A member of its port,
/// which closes it at the end. Thread-safe.
/// </summary>
internal sealed class KeptHandle : IPortMember
{
    private readonly Lock _sync = new();
    private readonly PortCore _port;
    private RecycledHandle? _handle;
    private bool _closed;

    public KeptHandle(PortCore port, RecycledHandle handle)
    {
        _port = port;
        Put(handle);
    }

    /// <summary>A handle is here.</summary>
    public bool IsHere
    {
        get
        {
            lock (_sync)
                return _handle is not null;
        }
    }

    /// <summary>Takes the handle to connect it; it is the caller's from here on.</summary>
    /// <exception cref="SocketException">It is of another family, or not here.</exception>
    public RecycledHandle Take(EndPoint remote)
    {
        lock (_sync)
        {
            if (_handle is null)
                throw SocketErrors.Create(SocketError.NotSocket, "reconnecting a handle that is not here", remote);
            if (_handle.Family != remote.AddressFamily)
                throw SocketErrors.Create(SocketError.AddressFamilyNotSupported, "reconnecting", remote);
            return TakeLocked();
        }
    }

    /// <summary>Takes the handle; null when it is not here.</summary>
    public RecycledHandle? TryTake()
    {
        lock (_sync)
            return _handle is null ? null : TakeLocked();
    }

    /// <summary>It could not be connected, and is good for another try unless the engine closed it.</summary>
    public void Put(RecycledHandle handle)
    {
        if (handle.IsClosed)
            return;
        lock (_sync)
        {
            _handle = handle;
            if (_port.Add(this) && !_closed)
                return;
        }

        Close();
    }

    /// <summary>Closes it, now or when it comes back.</summary>
    public void Close()
    {
        RecycledHandle? handle;
        lock (_sync)
        {
            _closed = true;
            handle = _handle is null ? null : TakeLocked();
        }

        handle?.Dispose();
    }

    IPortMember? IPortMember.PreviousMember { get; set; }

    IPortMember? IPortMember.NextMember { get; set; }

    void IPortMember.EndWithPort() => Close();

    private RecycledHandle TakeLocked()
    {
        RecycledHandle handle = _handle!;
        _handle = null;
        _port.Remove(this);
        return handle;
    }
}
