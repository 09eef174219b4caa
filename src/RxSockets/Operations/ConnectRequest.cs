using System.Net;

namespace RxSockets.Operations;

/// <summary>
/// ConnectEx: establish a connection and send a first block of data with the same call. The engine keeps <see cref="FirstData"/> pinned
/// until the operation ended. The engine ends it once by its connect sink; a failed one leaves no handle behind.
/// </summary>
internal sealed class ConnectRequest
{
    public required EndPoint Remote { get; init; }

    public EndPoint? Local { get; init; }

    public ReadOnlyMemory<byte> FirstData { get; init; }

    public bool NoDelay { get; init; }

    /// <summary>
    /// A recycled handle to connect instead of a new one; bound to <see cref="Local"/> already. On success it has become the socket; after a failure it is the
    /// owner's again, unless the engine closed it.
    /// </summary>
    public RecycledHandle? Handle { get; init; }

    /// <summary>What the owner of the memory or of an endpoint threw, where that ended the connect.</summary>
    public Exception? Failure { get; set; }

    /// <summary>Set by an engine for itself while the request is in flight.</summary>
    public object? EngineState { get; set; }
}
