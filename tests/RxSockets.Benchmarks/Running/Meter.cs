using System.Diagnostics;
using RxSockets.Benchmarks.Cases;
using RxSockets.Benchmarks.Load;

namespace RxSockets.Benchmarks.Running;

/// <summary>Measures one contender once.</summary>
internal sealed class Meter(LoadProcess load, (int Server, int Load)? cores, BenchOptions options)
{
    private const int LongestRestSeconds = 30;

    // Timers of runtimes and libraries go on.
    private const double RestSeconds = 0.003;

    private static readonly TimeSpan s_rest = TimeSpan.FromMilliseconds(500);

    /// <summary>Runs the load for a while without looking.</summary>
    public async Task SettleAsync(Contender contender, Case given, ServerProcess server)
    {
        await load.WarmAsync(Plan(contender, given, server, options.SettleSeconds));
        await load.MeasureAsync();
        await load.EndAsync();
    }

    /// <summary>The load runs already when the server is looked at, and its connections still stand when it is looked at again.</summary>
    public async Task<Round> MeasureAsync(Contender contender, Case given, ServerProcess server, int number)
    {
        await load.WarmAsync(Plan(contender, given, server, options.WarmSeconds));
        var time = new CoreTime(cores);
        ServerMemory? before = await server.MemoryAsync();
        long? switchesBefore = ProcessFacts.ContextSwitches(server.Id);
        double serverBefore = ProcessCpu.SecondsOf(server.Id);
        double loadBefore = ProcessCpu.SecondsOf(load.Id);
        LoadResult result = await load.MeasureAsync();
        double foreign = time.Foreign(ProcessCpu.SecondsOf(server.Id) - serverBefore, ProcessCpu.SecondsOf(load.Id) - loadBefore);
        long? switchesAfter = ProcessFacts.ContextSwitches(server.Id);
        ServerMemory? after = await server.MemoryAsync();
        await load.EndAsync();
        if (result.Operations == 0)
            throw new BenchmarkException($"ended no operation in {result.Seconds:0.00} s ({result.Errors} errors).");
        return new Round(contender, number)
        {
            Cost = result.ServerCpuSeconds * 1e6 / result.Operations,
            OperationsPerSecond = result.Operations / result.Seconds,
            P50 = result.P50,
            P99 = result.P99,
            P999 = result.P999,
            ManagedBytes = (after?.Allocated - before?.Allocated) / result.Operations,
            Switches = Math.Max(0, switchesAfter - switchesBefore ?? 0) / result.Operations,
            Utilization = result.ServerCpuSeconds / result.Seconds,
            LoadUtilization = result.OwnCpuSeconds / result.Seconds,
            Foreign = foreign,
            Errors = result.Errors,
            Lost = result.Lost,
        };
    }

    /// <summary>Resident memory of one fresh server, and live managed memory of another: collecting first would change what is resident.</summary>
    public async Task<Round> MeasureMemoryAsync(Contender contender, Case given, int number)
    {
        double resident;
        double? live = null;
        using (ServerProcess server = await ServerProcess.StartAsync(contender.Candidate, contender.Variant.Service, file: null, cores?.Server))
        {
            long before = ProcessFacts.ResidentBytes(server.Id);
            await load.WarmAsync(Plan(contender, given, server, options.WarmSeconds));
            await RestAsync(server);
            resident = ProcessFacts.ResidentBytes(server.Id) - before;
            await EndIdleAsync();
        }

        if (contender.Candidate.TellsMemory)
        {
            using ServerProcess server = await ServerProcess.StartAsync(contender.Candidate, contender.Variant.Service, file: null, cores?.Server);
            ServerMemory before = (await server.MemoryAsync(collect: true))!;
            await load.WarmAsync(Plan(contender, given, server, options.WarmSeconds));
            await RestAsync(server);
            live = ((await server.MemoryAsync(collect: true))!.Live - before.Live) / (double)given.Connections;
            await EndIdleAsync();
        }

        return new Round(contender, number) { Cost = resident / given.Connections, ManagedBytes = live };
    }

    // The connections are open before the server has accepted them all: it has when it does nothing any more.
    private static async Task RestAsync(ServerProcess server)
    {
        long began = Stopwatch.GetTimestamp();
        double before;
        double after = double.NegativeInfinity;
        do
        {
            if (Stopwatch.GetElapsedTime(began).TotalSeconds > LongestRestSeconds)
                throw new BenchmarkException($"does not come to rest in {LongestRestSeconds} s.");
            before = after;
            await Task.Delay(s_rest, TimeProvider.System);
            after = ProcessCpu.SecondsOf(server.Id);
        }
        while (after - before > RestSeconds);
    }

    private async Task EndIdleAsync()
    {
        LoadResult result = await load.MeasureAsync();
        await load.EndAsync();
        if (result.Errors > 0)
            throw new BenchmarkException($"closed {result.Errors} of the silent connections.");
    }

    private LoadPlan Plan(Contender contender, Case given, ServerProcess server, double warmSeconds) => new(
        contender.Variant.Mode, server.Port, given.Connections, contender.Variant.Bytes, warmSeconds, options.Seconds, server.Id);
}
