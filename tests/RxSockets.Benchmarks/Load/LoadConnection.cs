using System.Net.Sockets;

namespace RxSockets.Benchmarks.Load;

/// <summary>One connection of the load generator and where it is in its exchange.</summary>
internal sealed class LoadConnection(int index)
{
    public int Index => index;

    public Socket? Socket { get; set; }

    public long Sent { get; set; }

    public long Received { get; set; }

    /// <summary>When the exchange began, as a timestamp.</summary>
    public long Began { get; set; }

    public bool WantsRoom { get; set; }

    /// <summary>Has ended an operation.</summary>
    public bool HasFinished { get; set; }
}
