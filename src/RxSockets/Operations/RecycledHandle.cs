using System.Net.Sockets;

namespace RxSockets.Operations;

/// <summary>
/// A stream handle without a connection, kept by an engine when it recycled a socket: closed by <see cref="Dispose"/>, or connected again with
/// <see cref="ConnectRequest.Handle"/>. Nothing of the former connection is left in it: no byte, no endpoint but an address the user bound, no
/// option. Its owner uses it from one thread at a time.
/// </summary>
internal abstract class RecycledHandle : IDisposable
{
    public abstract AddressFamily Family { get; }

    /// <summary>It was disposed, or the engine had to close it (after a failed connect).</summary>
    public abstract bool IsClosed { get; }

    /// <summary>Closes it at once. Idempotent. Not while a connect uses it.</summary>
    public abstract void Dispose();
}
