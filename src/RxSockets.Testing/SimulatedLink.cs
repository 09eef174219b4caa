namespace RxSockets.Testing;

/// <summary>
/// The way between two hosts (or of a host to itself), the same in both directions. Settings may be changed at any time; they hold for what is sent from then on.
/// A stream loses nothing on it: a partition holds bytes back until it is healed, or until the connection gives up. Datagrams are lost.
/// </summary>
public sealed class SimulatedLink
{
    private readonly SimulatedNetwork _network;
    private readonly List<Action> _held = [];

    internal SimulatedLink(SimulatedNetwork network) => _network = network;

    /// <summary>Time from one end to the other. Default 0 for a host's way to itself, else 1 ms.</summary>
    public TimeSpan Latency { get; set; }

    /// <summary>What may be added to the latency, evenly spread; the order within a connection stays. Default 0.</summary>
    public TimeSpan Jitter { get; set; }

    /// <summary>Bytes per second of one direction of one connection; 0 (the default) is no limit.</summary>
    public long BytesPerSecond { get; set; }

    /// <summary>How likely a datagram is lost, 0 (the default) to 1.</summary>
    public double DatagramLoss { get; set; }

    /// <summary>Nothing passes.</summary>
    public bool IsPartitioned { get; private set; }

    /// <summary>From now on nothing passes.</summary>
    public void Partition()
    {
        lock (_network.Loop.Sync)
            IsPartitioned = true;
    }

    /// <summary>Everything passes again, what was held back first.</summary>
    public void Heal()
    {
        Action[] held;
        lock (_network.Loop.Sync)
        {
            IsPartitioned = false;
            held = [.. _held];
            _held.Clear();
        }

        foreach (Action passes in held)
            _network.Loop.After(Latency.Ticks, passes);
    }

    /// <summary>Every connection on it is lost: both ends find ConnectionReset.</summary>
    public void ResetConnections()
    {
        lock (_network.Loop.Sync)
        {
            foreach (Pipe pipe in _network.Pipes.Where(pipe => pipe.Link == this).ToArray())
                pipe.Break(System.Net.Sockets.SocketError.ConnectionReset);
        }
    }

    /// <summary>Under the lock: runs it once the link is healed.</summary>
    internal void Hold(Action passes) => _held.Add(passes);

    /// <summary>Under the lock: the time that one thing takes now.</summary>
    internal long Delay() => Latency.Ticks + _network.Loop.Random.Below(Jitter.Ticks);
}
