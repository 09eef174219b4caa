using System.Net;

namespace RxSockets.Engines;

/// <summary>A listening handle in an engine. Calls are serialised by the owner and never call back before they return.</summary>
internal abstract class EngineListener
{
    public abstract EndPoint LocalEndPoint { get; }

    /// <summary>Silent clients that the engine itself reset so far: those of engines that accept with first data.</summary>
    public virtual long SilentDropped => 0;

    /// <summary>Accept until told to stop: connections go to the sink, then one OnAcceptStopped. Only when not accepting.</summary>
    public abstract void StartAccept();

    /// <summary>Asks accepting to stop. What the kernel accepted meanwhile is still delivered before OnAcceptStopped; with
    /// first data, a client that is connected and silent by then is delivered whenever it speaks.</summary>
    public abstract void StopAccept();

    /// <summary>Stops accepting (OnAcceptStopped comes if it was accepting), waits for the last completion, closes the handle, then OnClosed.</summary>
    public abstract void Close();
}
