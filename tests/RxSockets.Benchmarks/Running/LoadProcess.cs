using System.Text.Json;
using RxSockets.Benchmarks.Load;

namespace RxSockets.Benchmarks.Running;

/// <summary>The load generator: one process for all that is measured, so that it is compiled to the end when it counts.</summary>
internal sealed class LoadProcess : IDisposable
{
    private readonly ChildProcess _process;

    private LoadProcess(ChildProcess process) => _process = process;

    public int Id => _process.Id;

    public static LoadProcess Start(int? core) => new(new ChildProcess(ThisProgram.Start("load"), core));

    /// <summary>Connects and runs; ends when it is warm, and the load goes on.</summary>
    public async Task WarmAsync(LoadPlan plan)
    {
        _process.Write(JsonSerializer.Serialize(plan));
        await _process.ReadAsync();
    }

    /// <summary>Measures; then the connections rest.</summary>
    public async Task<LoadResult> MeasureAsync()
    {
        _process.Write("measure");
        return JsonSerializer.Deserialize<LoadResult>(await _process.ReadAsync())!;
    }

    /// <summary>Closes the connections.</summary>
    public async Task EndAsync()
    {
        _process.Write("end");
        await _process.ReadAsync();
    }

    public void Dispose() => _process.Dispose();
}
