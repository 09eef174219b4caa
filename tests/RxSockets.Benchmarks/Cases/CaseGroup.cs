namespace RxSockets.Benchmarks.Cases;

/// <summary>What one word of the command line runs: cases that share a file of tables and a plot.</summary>
/// <param name="Name">The word.</param>
/// <param name="Description">What is in it.</param>
/// <param name="Cases">The cases.</param>
internal sealed record CaseGroup(string Name, string Description, IReadOnlyList<Case> Cases)
{
    /// <summary>Drawn as cost over the number of connections.</summary>
    public bool IsCurve { get; init; }
}
