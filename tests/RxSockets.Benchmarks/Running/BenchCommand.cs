using System.CommandLine;
using System.CommandLine.Parsing;
using System.Diagnostics;
using RxSockets.Benchmarks.Candidates;
using RxSockets.Benchmarks.Cases;
using RxSockets.Benchmarks.Reporting;

namespace RxSockets.Benchmarks.Running;

/// <summary>One command per group of cases, and <c>all</c>.</summary>
internal static class BenchCommand
{
    private const int MostRounds = 1000;
    private const double LeastSeconds = 0.005;
    private const double MostSeconds = 60;

    public static IEnumerable<Command> CreateAll()
    {
        foreach (CaseGroup group in CaseList.All(quick: false))
            yield return Create(group.Name, group.Description + ".");
        yield return Create("all", "All of these.");
    }

    private static Command Create(string name, string description)
    {
        var quick = new Option<bool>("--quick") { Description = "a few short rounds: a look, not a measurement" };
        var rounds = new Option<int?>("--rounds") { Description = "how often each candidate has its turn (15; quick: 3)" };
        var seconds = new Option<double?>("--seconds") { Description = "how long each turn is measured (0.22; quick: 0.1)" };
        var settle = new Option<double?>("--settle") { Description = "seconds each server runs before its first turn (2; quick: 0.3)" };
        var candidates = new Option<string[]>("--candidates")
        {
            Description = $"only these of {string.Join(", ", CandidateList.All.Select(static candidate => candidate.Name))}; separated by commas",
            CustomParser = static result => [.. result.Tokens.SelectMany(static token => token.Value.Split(',', StringSplitOptions.RemoveEmptyEntries))],
        };
        var folder = new Option<string?>("--out") { Description = "the folder for tables and plots (docs/benchmarks of the repository)" };
        Require(rounds, static value => value is >= 1 and <= MostRounds, $"--rounds is a number from 1 to {MostRounds}.");
        Require(seconds, static value => value is >= LeastSeconds and <= MostSeconds, FormattableString.Invariant($"--seconds is a number from {LeastSeconds} to {MostSeconds}."));
        Require(settle, static value => value is >= 0 and <= MostSeconds, $"--settle is a number from 0 to {MostSeconds}.");
        candidates.Validators.Add(static result =>
        {
            try
            {
                foreach (string name in result.GetValueOrDefault<string[]>() ?? [])
                    CandidateList.Named(name);
            }
            catch (ArgumentException error)
            {
                result.AddError(error.Message);
            }
        });
        var command = new Command(name, description) { quick, rounds, seconds, settle, candidates, folder };
        command.SetAction((result, _) =>
        {
            bool isQuick = result.GetValue(quick);
            string[]? named = result.GetValue(candidates);
            double window = result.GetValue(seconds) ?? (isQuick ? 0.1 : 0.22);
            var options = new BenchOptions(
                [.. CaseList.All(isQuick).Where(group => name == "all" || group.Name == name)],
                named is { Length: > 0 } ? [.. named.Distinct().Select(CandidateList.Named)] : CandidateList.All,
                result.GetValue(rounds) ?? (isQuick ? 3 : 15), window, WarmSeconds: window / 3, result.GetValue(settle) ?? (isQuick ? 0.3 : 2), Repeats: !isQuick,
                result.GetValue(folder) ?? DefaultFolder());
            return RunAsync(options);
        });
        return command;
    }

    private static async Task<int> RunAsync(BenchOptions options)
    {
        var progress = new Progress(Console.Error, !Console.IsErrorRedirected);
        using var signals = new StopSignals();
        try
        {
            return await RunAsync(options, progress, signals.Token) ? 0 : 1;
        }
        catch (OperationCanceledException)
        {
            progress.Line("stopped");
            return 130;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            progress.Line(error.Message);
            return 1;
        }
    }

    // Whether nothing went wrong; who cannot take part has not failed.
    private static async Task<bool> RunAsync(BenchOptions options, Progress progress, CancellationToken cancellationToken)
    {
        bool failed = false;
        using var runner = new Runner(options, progress);
        Machine machine = Machine.Describe(runner.IsPinned);
        Directory.CreateDirectory(options.Folder);
        foreach (CaseGroup group in options.Groups)
        {
            long began = Stopwatch.GetTimestamp();
            IReadOnlyList<CaseResult> results = await runner.RunAsync(group, cancellationToken);
            progress.Clear();
            Console.WriteLine(MarkdownReport.Write(results));
            await File.WriteAllTextAsync(Path.Combine(options.Folder, group.Name + ".md"), MarkdownReport.Page(group, results, options, machine), cancellationToken);
            await File.WriteAllTextAsync(Path.Combine(options.Folder, group.Name + ".csv"), RoundsCsv.Write(results), cancellationToken);
            Plots.Save(group, results, options.Folder);
            progress.Line($"{group.Name}: {Stopwatch.GetElapsedTime(began).TotalSeconds:0} s, tables and plots in {options.Folder}");
            failed |= results.Any(static result => result.HasErrors);
        }

        return !failed;
    }

    private static void Require<T>(Option<T> option, Func<T?, bool> holds, string message) => option.Validators.Add(result =>
    {
        if (result.Tokens.Count > 0 && !result.Errors.Any() && !holds(result.GetValueOrDefault<T>()))
            result.AddError(message);
    });

    private static string DefaultFolder()
    {
        for (DirectoryInfo? folder = new(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "RxSockets.sln")))
                return Path.Combine(folder.FullName, "docs", "benchmarks");
        }

        return "benchmarks";
    }
}
