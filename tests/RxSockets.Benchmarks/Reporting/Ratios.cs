using RxSockets.Benchmarks.Cases;
using RxSockets.Benchmarks.Running;
using RxSockets.Benchmarks.Statistics;

namespace RxSockets.Benchmarks.Reporting;

/// <summary>What a contender costs as a ratio to another, round by round, so that the machine's speed of the hour falls out.</summary>
internal static class Ratios
{
    /// <summary>The columns of a case: what is compared with, by its heading.</summary>
    public static IReadOnlyList<(string Heading, Func<Contender, Contender?> Reference)> Columns(CaseResult result)
    {
        Case given = result.Case;
        if (given.Variants.Count > 1)
        {
            // Each candidate with itself: what its own simplest variant costs; and the simplest variants with each other.
            Variant first = given.Variants[0];
            var own = (first.Label, (Func<Contender, Contender?>)(contender => result.Contenders.FirstOrDefault(other => other.Candidate == contender.Candidate && other.Variant == first)));
            return [own];
        }

        return
        [
            .. from name in given.References
               let reference = result.Contenders.FirstOrDefault(contender => contender.Candidate.Name == name)
               where reference is not null
               select (name, (Func<Contender, Contender?>)(_ => reference)),
        ];
    }

    /// <summary>Null when there is nothing to compare.</summary>
    public static Interval? Of(CaseResult result, Contender contender, Contender? reference)
    {
        if (reference is null)
            return null;
        Dictionary<int, double> costs = result.Of(reference).ToDictionary(static round => round.Number, static round => round.Cost);
        double[] ratios =
        [
            .. from round in result.Of(contender)
               where costs.TryGetValue(round.Number, out double cost) && cost > 0
               select round.Cost / costs[round.Number],
        ];
        return ratios.Length > 0 ? Sample.MedianInterval(ratios) : null;
    }
}
