using RxSockets.Benchmarks.Cases;

namespace RxSockets.Benchmarks.Running;

/// <summary>Runs cases: who can take part, the rounds, in which the contenders take turns, and the progress line.</summary>
internal sealed class Runner(BenchOptions options, Progress progress) : IDisposable
{
    private readonly Random _order = new(1);
    private readonly (int Server, int Load)? _cores = Affinity.Cores.Count >= 2 ? (Affinity.Cores[0], Affinity.Cores[1]) : null;
    private LoadProcess? _load;

    /// <summary>Whether server and load have a core each.</summary>
    public bool IsPinned => _cores is not null;

    public async Task<IReadOnlyList<CaseResult>> RunAsync(CaseGroup group, CancellationToken cancellationToken)
    {
        var results = new List<CaseResult>();
        using var servers = new ServerSet(_cores?.Server);
        foreach (Case given in group.Cases)
        {
            string? file = given.FileBytes > 0 ? TemporaryFile(given.FileBytes) : null;
            try
            {
                results.Add(await RunAsync(group, given, servers, file, cancellationToken));
            }
            finally
            {
                if (file is not null)
                    File.Delete(file);
            }
        }

        return results;
    }

    public void Dispose() => _load?.Dispose();

    private async Task<CaseResult> RunAsync(CaseGroup group, Case given, ServerSet servers, string? file, CancellationToken cancellationToken)
    {
        var leftOut = new List<LeftOut>();
        var rounds = new List<Round>();
        List<Contender> contenders = DescriptorLimit.WhyNot(given.Connections) is { } limit ? Nobody(leftOut, limit) : Contenders(given, leftOut);
        if (!given.TellsMemory)
        {
            await ForEachAsync(contenders, given, leftOut, rounds, async (meter, contender) =>
            {
                cancellationToken.ThrowIfCancellationRequested();
                progress.Tell($"{group.Name}: {given.Title}: {contender.Label} settles");
                await meter.SettleAsync(contender, given, await servers.GetAsync(contender.Candidate, contender.Variant.Service, file));
            });
            Forget(contenders, leftOut);
        }

        for (int number = 0; number < RoundsOf(given); number++)
        {
            Contender[] turns = [.. contenders];
            _order.Shuffle(turns);
            await ForEachAsync(turns, given, leftOut, rounds, async (meter, contender) =>
            {
                cancellationToken.ThrowIfCancellationRequested();
                progress.Tell($"{group.Name}: {given.Title}: round {number + 1}/{RoundsOf(given)}, {contender.Label}");
                rounds.Add(given.TellsMemory
                    ? await meter.MeasureMemoryAsync(contender, given, number)
                    : await MeasureTwiceIfDisturbedAsync(meter, contender, given, await servers.GetAsync(contender.Candidate, contender.Variant.Service, file), number));
            });
            Forget(contenders, leftOut);
        }

        return new CaseResult(given, contenders, rounds, leftOut);
    }

    private static void Forget(List<Contender> contenders, List<LeftOut> leftOut) => contenders.RemoveAll(contender => leftOut.Any(left => left.Label == contender.Label));

    // Who fails is left out by name, with what it was about, and the others go on.
    private async Task ForEachAsync(IReadOnlyList<Contender> contenders, Case given, List<LeftOut> leftOut, List<Round> rounds, Func<Meter, Contender, Task> action)
    {
        foreach (Contender contender in contenders)
        {
            try
            {
                _load ??= LoadProcess.Start(_cores?.Load);
                await action(new Meter(_load, _cores, options), contender);
            }
            catch (Exception error) when (error is BenchmarkException or InvalidOperationException or IOException)
            {
                leftOut.Add(new LeftOut(contender.Label, error.Message));
                rounds.RemoveAll(round => round.Contender == contender);
                progress.Line($"{given.Title}: {contender.Label}: {error.Message}");
                _load?.Dispose();
                _load = null;
            }
        }
    }

    private async Task<Round> MeasureTwiceIfDisturbedAsync(Meter meter, Contender contender, Case given, ServerProcess server, int number)
    {
        Round first = await meter.MeasureAsync(contender, given, server, number);
        if (first.IsQuiet || !options.Repeats)
            return first;
        Round second = await meter.MeasureAsync(contender, given, server, number);
        return second.Foreign < first.Foreign ? second : first;
    }

    // Memory hardly differs from one fresh server to the next, and a fresh server takes its time.
    private int RoundsOf(Case given) => given.TellsMemory ? Math.Max(1, options.Rounds / 3) : options.Rounds;

    private List<Contender> Contenders(Case given, List<LeftOut> leftOut)
    {
        var contenders = new List<Contender>();
        foreach (Candidates.Candidate candidate in options.Candidates)
        {
            if (candidate.WhyNot is { } reason)
            {
                leftOut.Add(new LeftOut(candidate.Name, reason));
                continue;
            }

            if (given.Variants.Any(variant => !candidate.Serves(variant.Service)))
            {
                leftOut.Add(new LeftOut(candidate.Name, "cannot serve this, or not in a way its users would"));
                continue;
            }

            contenders.AddRange(given.Variants.Select(variant => new Contender(candidate, variant)));
        }

        return contenders;
    }

    private static List<Contender> Nobody(List<LeftOut> leftOut, string reason)
    {
        leftOut.Add(new LeftOut("everybody", reason));
        return [];
    }

    private static string TemporaryFile(long bytes)
    {
        string path = Path.GetTempFileName();
        var block = new byte[1 << 20];
        new Random(1).NextBytes(block);
        using FileStream file = File.OpenWrite(path);
        for (long at = 0; at < bytes; at += block.Length)
            file.Write(block, 0, (int)Math.Min(block.Length, bytes - at));
        return path;
    }
}
