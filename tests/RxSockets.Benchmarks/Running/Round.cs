namespace RxSockets.Benchmarks.Running;

/// <summary>One row of one round. What does not apply, or is not told, is null.</summary>
/// <param name="Contender">Whose.</param>
/// <param name="Number">The round's number, from 0.</param>
internal sealed record Round(Contender Contender, int Number)
{
    /// <summary>Microseconds of the server's CPU per operation; for memory, resident bytes per connection.</summary>
    public required double Cost { get; init; }

    public double? OperationsPerSecond { get; init; }

    public int? P50 { get; init; }

    public int? P99 { get; init; }

    public int? P999 { get; init; }

    /// <summary>Managed bytes allocated per operation; for memory, managed bytes that live per connection.</summary>
    public double? ManagedBytes { get; init; }

    public double? Switches { get; init; }

    /// <summary>The share of its core that the server used.</summary>
    public double? Utilization { get; init; }

    /// <summary>The share of its core that the load generator used: near 1, and the server's below, the server waited for it.</summary>
    public double? LoadUtilization { get; init; }

    /// <summary>The share of either core that other processes used.</summary>
    public double Foreign { get; init; }

    public long Errors { get; init; }

    public long Lost { get; init; }

    /// <summary>Nothing else on the machine was in its way.</summary>
    public bool IsQuiet => Foreign < 0.12;
}
