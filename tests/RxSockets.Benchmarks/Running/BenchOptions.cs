using RxSockets.Benchmarks.Candidates;
using RxSockets.Benchmarks.Cases;

namespace RxSockets.Benchmarks.Running;

/// <summary>What the command line asked for.</summary>
/// <param name="Groups">What to measure.</param>
/// <param name="Candidates">On what.</param>
/// <param name="Rounds">How often.</param>
/// <param name="Seconds">How long each time.</param>
/// <param name="WarmSeconds">How long before each.</param>
/// <param name="SettleSeconds">How long every server runs under its load before the first round, so that it is compiled to the end.</param>
/// <param name="Repeats">Whether a turn that other processes disturbed is taken once more.</param>
/// <param name="Folder">Where tables and plots go.</param>
internal sealed record BenchOptions(
    IReadOnlyList<CaseGroup> Groups, IReadOnlyList<Candidate> Candidates, int Rounds, double Seconds, double WarmSeconds, double SettleSeconds, bool Repeats, string Folder);
