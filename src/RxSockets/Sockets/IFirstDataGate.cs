using RxSockets.Buffers;

namespace RxSockets.Sockets;

/// <summary>Who waits for the first block (or the end) of a connection that was not delivered yet.</summary>
internal interface IFirstDataGate
{
    /// <summary>Once per connection; any thread, no locks held.</summary>
    void FirstDataCame(Connection connection);
}

/// <summary>The home of first blocks: plain memory that lives as long as its connection is referenced.</summary>
internal sealed class FirstDataHome : IBufferHome
{
    public static readonly FirstDataHome Instance = new();

    public void GiveBack(BufferLease buffer)
    {
    }
}
