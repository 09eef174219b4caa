namespace RxSockets.Testing;

/// <summary>Settings of a <see cref="SimulatedNetwork"/>. Copied and validated when used.</summary>
public sealed class SimulatedNetworkOptions
{
    /// <summary>Bytes of one direction of a connection that may be on their way or wait unread; then sends wait. Default 131,072.</summary>
    public int ConnectionCapacity { get; set; } = 131072;

    /// <summary>How long a connect tries behind a partition, or at a full backlog, before it ends with TimedOut. Default 75 s.</summary>
    public TimeSpan ConnectTimeout { get; set; } = TimeSpan.FromSeconds(75);

    /// <summary>How long a connection whose bytes do not arrive, behind a partition, lives before it ends with TimedOut. Default 15 minutes.</summary>
    public TimeSpan RetransmissionTimeout { get; set; } = TimeSpan.FromMinutes(15);

    /// <summary>Descriptors of one host: listeners, connections, kept handles. Default 20,000.</summary>
    public int DescriptorsPerHost { get; set; } = 20000;

    /// <summary>How many entries of the trace are kept; its hash is over all. Default 100,000.</summary>
    public int MaxTraceEntries { get; set; } = 100_000;

    /// <summary>What goes wrong, and how often. Default: nothing.</summary>
    public SimulatedFaults Faults { get; set; } = new();

    internal SimulatedNetworkOptions Validated()
    {
        Limits.Between(ConnectionCapacity, 1, 1 << 30, nameof(ConnectionCapacity));
        Limits.Positive(ConnectTimeout, nameof(ConnectTimeout));
        Limits.Positive(RetransmissionTimeout, nameof(RetransmissionTimeout));
        Limits.Between(DescriptorsPerHost, 1, int.MaxValue, nameof(DescriptorsPerHost));
        Limits.Between(MaxTraceEntries, 0, int.MaxValue, nameof(MaxTraceEntries));
        ArgumentNullException.ThrowIfNull(Faults);
        var copy = (SimulatedNetworkOptions)MemberwiseClone();
        copy.Faults = Faults.Validated();
        return copy;
    }
}
