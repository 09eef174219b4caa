using System.Net;
using System.Net.Sockets;
using RxSockets.Operations;
using RxSockets.Sockets;

namespace RxSockets;

/// <summary>
/// Connects for clients that connect a lot: a connection that is returned ends in order, and its handle carries a later one. Nothing of the former is
/// visible to the next: no byte, no endpoint, no option. Where that pays and where not: docs/transmit.md. Thread-safe.
/// </summary>
public sealed class SocketPool : IAsyncDisposable
{
    private readonly Lock _sync = new();
    private readonly Stack<KeptHandle> _idle4 = new();
    private readonly Stack<KeptHandle> _idle6 = new();
    private readonly SocketPoolOptions _options;
    private readonly PortCore _port;
    private long _made;
    private long _reused;
    private bool _disposed;

    /// <summary>Makes an empty pool. The options are copied.</summary>
    /// <exception cref="ArgumentOutOfRangeException">An option is out of its range; the message names option and limits.</exception>
    public SocketPool(SocketPoolOptions? options = null)
    {
        _options = (options ?? new SocketPoolOptions()).Validated();
        _port = (_options.Connect!.CompletionPort ?? CompletionPort.Shared).Core;
    }

    /// <summary>Handles that wait for a connection.</summary>
    public int Idle
    {
        get
        {
            lock (_sync)
                return _idle4.Count + _idle6.Count;
        }
    }

    /// <summary>Connections made on a new handle.</summary>
    public long Made => Interlocked.Read(ref _made);

    /// <summary>Connections made on a kept handle.</summary>
    public long Reused => Interlocked.Read(ref _reused);

    /// <summary>As <see cref="RxConnection.ConnectAsync"/>, on a kept handle of the endpoint's family where there is one. The connection is the caller's: return or dispose it.</summary>
    /// <exception cref="ObjectDisposedException">The pool was disposed.</exception>
    public async ValueTask<RxConnection> ConnectAsync(
        EndPoint remoteEndPoint, ReadOnlyMemory<byte> firstData = default, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(remoteEndPoint);
        cancellationToken.ThrowIfCancellationRequested();
        RecycledHandle? handle = Take(remoteEndPoint.AddressFamily);
        try
        {
            Connection core = await ConnectAttempt.ConnectAsync(_port, remoteEndPoint, firstData, _options.Connect!, handle, cancellationToken).ConfigureAwait(false);
            Interlocked.Increment(ref handle is null ? ref _made : ref _reused);
            return new RxConnection(core, _options.Connect);
        }
        catch when (handle is not null)
        {
            Keep(handle);
            throw;
        }
    }

    /// <summary>
    /// Takes a connection back: it ends in order, what was not read is dropped, and its handle is kept. The connection is disposed in any case. True: the handle
    /// was kept; false: the peer did not end within <see cref="SocketPoolOptions.ReuseTimeout"/>, the connection had failed or cannot be reused, or the pool is full.
    /// </summary>
    /// <exception cref="ArgumentException">The connection belongs to another completion port.</exception>
    public async ValueTask<bool> ReturnAsync(RxConnection connection)
    {
        ArgumentNullException.ThrowIfNull(connection);
        Connection core = ((IConnectionHolder)connection).Core;
        if (core.Port != _port)
            throw new ArgumentException("The connection belongs to another completion port than the pool.", nameof(connection));
        bool kept = false;
        if (core.CanReconnect && core.Kept is null)
        {
            using var patience = new CancellationTokenSource(_options.ReuseTimeout, _port.Time);
            try
            {
                await core.DisconnectAsync(reuseSocket: true, patience.Token).ConfigureAwait(false);
            }
            catch (Exception error) when (error is SocketException or OperationCanceledException or ObjectDisposedException)
            {
                // It failed, takes too long or was disposed already: there is no handle to keep.
            }
        }

        if (core.CanReconnect && core.Kept?.TryTake() is { } handle)
            kept = Keep(handle);
        await connection.DisposeAsync().ConfigureAwait(false);
        return kept;
    }

    /// <summary>Closes the idle handles. Connections that are out live on; returning one closes it.</summary>
    public ValueTask DisposeAsync()
    {
        KeptHandle[] idle;
        lock (_sync)
        {
            _disposed = true;
            idle = [.. _idle4, .. _idle6];
            _idle4.Clear();
            _idle6.Clear();
        }

        foreach (KeptHandle handle in idle)
            handle.Close();
        return ValueTask.CompletedTask;
    }

    private RecycledHandle? Take(AddressFamily family)
    {
        lock (_sync)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            Stack<KeptHandle> idle = IdleOf(family);
            while (idle.TryPop(out KeptHandle? kept))
            {
                // One that is not there was closed with its port.
                if (kept.TryTake() is { } handle)
                    return handle;
            }

            return null;
        }
    }

    private bool Keep(RecycledHandle handle)
    {
        if (handle.IsClosed)
            return false;
        var kept = new KeptHandle(_port, handle);
        lock (_sync)
        {
            if (!_disposed && _idle4.Count + _idle6.Count < _options.MaxIdle && kept.IsHere)
            {
                IdleOf(handle.Family).Push(kept);
                return true;
            }
        }

        kept.Close();
        return false;
    }

    private Stack<KeptHandle> IdleOf(AddressFamily family) => family == AddressFamily.InterNetworkV6 ? _idle6 : _idle4;
}
