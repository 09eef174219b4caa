using System.Net;

namespace RxSockets.Operations;

/// <summary>What a listener asks of its engine. Everything was validated.</summary>
internal sealed class ListenRequest
{
    public required EndPoint Local { get; init; }

    public required int Backlog { get; init; }

    /// <summary>Accepts to keep posted, where the engine posts them one by one.</summary>
    public required int PendingAccepts { get; init; }

    public required bool DualMode { get; init; }

    public required bool NoDelay { get; init; }

    /// <summary>Bytes to receive with the accept; 0: none. Engines without such a call deliver at once and the listener waits for the bytes.</summary>
    public required int FirstDataBytes { get; init; }

    /// <summary>Engines that receive with the accept reset a client that is connected and silent for this long.</summary>
    public required TimeSpan FirstDataTimeout { get; init; }

    /// <summary>How many silent clients such an engine keeps; above it the oldest is reset.</summary>
    public required int MaxPendingFirstData { get; init; }
}
