using RxSockets.Benchmarks.Load;
using RxSockets.Benchmarks.Servers;

namespace RxSockets.Benchmarks.Cases;

/// <summary>One table: a load, and what is served under it, alike or in variants that are compared with each other.</summary>
/// <param name="Title">What the table is called.</param>
/// <param name="Key">A short name for files and plots.</param>
/// <param name="Connections">How many at a time.</param>
internal sealed record Case(string Title, string Key, int Connections)
{
    /// <summary>What each operation is called in the table.</summary>
    public string Operation { get; init; } = "echo";

    /// <summary>The size of the file to send; 0 for none.</summary>
    public long FileBytes { get; init; }

    /// <summary>The first is what the others are compared with, where there are several.</summary>
    public required IReadOnlyList<Variant> Variants { get; init; }

    /// <summary>Every server is started anew for each round, and its memory is told instead of its speed.</summary>
    public bool TellsMemory { get; init; }

    /// <summary>Candidates that the others are compared with, where there is one variant.</summary>
    public IReadOnlyList<string> References { get; init; } = [Candidates.CandidateList.Sns, Candidates.CandidateList.CIoUring];

    public static IReadOnlyList<Variant> One(Service service, LoadMode mode, long bytes) => [new Variant("", service, mode, bytes)];
}
