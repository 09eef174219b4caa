using RxSockets.Benchmarks.Cases;

namespace RxSockets.Benchmarks.Running;

/// <summary>All rounds of a case, and who is not among them for what reason.</summary>
internal sealed record CaseResult(Case Case, IReadOnlyList<Contender> Contenders, IReadOnlyList<Round> Rounds, IReadOnlyList<LeftOut> LeftOut)
{
    public IEnumerable<Round> Of(Contender contender) => Rounds.Where(round => round.Contender == contender);

    public bool HasErrors => Rounds.Any(static round => round.Errors > 0);
}
