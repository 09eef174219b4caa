using System.CommandLine;
using BenchmarkDotNet.Columns;
using BenchmarkDotNet.Configs;
using BenchmarkDotNet.Exporters;
using BenchmarkDotNet.Jobs;
using BenchmarkDotNet.Loggers;
using BenchmarkDotNet.Running;
using BenchmarkDotNet.Toolchains.InProcess.Emit;

namespace RxSockets.Benchmarks.Micro;

/// <summary>The micro-benchmarks, by BenchmarkDotNet.</summary>
internal static class MicroCommand
{
    public static Command Create()
    {
        var filter = new Option<string>("--filter") { Description = "which: a pattern with *", DefaultValueFactory = static _ => "*" };
        var artifacts = new Option<string>("--artifacts") { Description = "the folder for tables", DefaultValueFactory = static _ => "BenchmarkDotNet.Artifacts" };
        var command = new Command("micro", "Micro-benchmarks, by BenchmarkDotNet.") { filter, artifacts };
        command.SetAction(result => Run(result.GetRequiredValue(filter), result.GetRequiredValue(artifacts)));
        return command;
    }

    private static int Run(string filter, string artifacts)
    {
        // In this process: the host project that BenchmarkDotNet builds otherwise would come under the strict settings of this repository.
        Job job = Job.Default.WithToolchain(InProcessEmitToolchain.Instance).WithWarmupCount(2).WithIterationCount(15).WithInvocationCount(1).WithUnrollFactor(1);
        IConfig config = ManualConfig.CreateEmpty()
            .AddJob(job)
            .AddLogger(ConsoleLogger.Default)
            .AddColumnProvider(DefaultColumnProviders.Instance)
            .AddExporter(MarkdownExporter.GitHub)
            .WithArtifactsPath(artifacts);
        var summaries = BenchmarkSwitcher.FromTypes([typeof(FramingBenchmarks), typeof(LeaseBenchmarks), typeof(PostBenchmarks), typeof(RingBenchmarks), typeof(MetricsBenchmarks)]).Run(["--filter", filter], config);
        return summaries.Any(static summary => summary.Reports.Any(static report => !report.Success)) ? 1 : 0;
    }
}
