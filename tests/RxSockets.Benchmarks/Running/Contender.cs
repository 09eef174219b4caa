using RxSockets.Benchmarks.Candidates;
using RxSockets.Benchmarks.Cases;

namespace RxSockets.Benchmarks.Running;

/// <summary>A candidate in one variant of a case: a row of its table.</summary>
internal sealed record Contender(Candidate Candidate, Variant Variant)
{
    public string Label => Variant.Label.Length == 0 ? Candidate.Name : $"{Candidate.Name}, {Variant.Label}";
}
