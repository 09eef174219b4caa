using System.Globalization;
using System.Text;
using RxSockets.Benchmarks.Running;

namespace RxSockets.Benchmarks.Reporting;

/// <summary>Every round as it was measured, for whoever wants to calculate otherwise.</summary>
internal static class RoundsCsv
{
    public const string Header =
        "case,connections,candidate,variant,round,cost,operations_per_second,p50_us,p99_us,p999_us,managed_bytes,switches,server_busy,load_busy,foreign,errors,lost";

    public static string Write(IReadOnlyList<CaseResult> results)
    {
        var text = new StringBuilder(Header).Append('\n');
        foreach (CaseResult result in results)
        {
            foreach (Round round in result.Rounds)
            {
                text.AppendJoin(',',
                    $"\"{result.Case.Title}\"", result.Case.Connections, round.Contender.Candidate.Name, round.Contender.Variant.Label, round.Number,
                    Number(round.Cost), Number(round.OperationsPerSecond), Number(round.P50), Number(round.P99), Number(round.P999), Number(round.ManagedBytes),
                    Number(round.Switches), Number(round.Utilization), Number(round.LoadUtilization), Number(round.Foreign), round.Errors, round.Lost).Append('\n');
            }
        }

        return text.ToString();
    }

    private static string Number(double? value) => value?.ToString("G7", CultureInfo.InvariantCulture) ?? "";
}
