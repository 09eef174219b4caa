using System.Net;

namespace RxSockets.Operations;

/// <summary>What a datagram socket asks of its engine. Everything was validated.</summary>
internal sealed class DatagramRequest
{
    public required IPEndPoint Local { get; init; }

    /// <summary>Bytes kept of a datagram; a longer one is cut and marked.</summary>
    public required int MaxDatagramSize { get; init; }

    /// <summary>Datagrams that the owner holds at most: no more receives than that need be posted.</summary>
    public required int ReceiveLimit { get; init; }

    public required bool DualMode { get; init; }

    public required bool ReuseAddress { get; init; }

    public required bool Broadcast { get; init; }

    /// <summary>0: the system's default.</summary>
    public required int ReceiveBufferSize { get; init; }

    /// <summary>0: the system's default.</summary>
    public required int SendBufferSize { get; init; }
}
