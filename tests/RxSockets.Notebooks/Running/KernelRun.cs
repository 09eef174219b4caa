using System.Diagnostics;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace RxSockets.Notebooks.Running;

/// <summary>Runs a notebook's code cells in the real kernel to the first that fails, over its standard input and output: a command a line in, an event a line out.</summary>
internal static class KernelRun
{
    /// <summary>For a whole notebook, the kernel's start and the plotting package included: 10 to 20 s on an idle machine.</summary>
    public static readonly TimeSpan Deadline = TimeSpan.FromSeconds(100);

    /// <param name="tool">From <see cref="KernelTool"/>.</param>
    /// <param name="notebook">Whose cells.</param>
    /// <param name="folder">Where they run: what they refer to is found from there.</param>
    /// <param name="deadline">After it the kernel is ended.</param>
    public static async Task<IReadOnlyList<CellResult>> RunAsync(string tool, Notebook notebook, string folder, TimeSpan deadline)
    {
        var start = new ProcessStartInfo(tool, ["stdio", "--working-dir", folder])
        {
            WorkingDirectory = folder,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment["DOTNET_CLI_TELEMETRY_OPTOUT"] = "1";
        start.Environment["DOTNET_INTERACTIVE_CLI_TELEMETRY_OPTOUT"] = "1";
        start.Environment["DOTNET_INTERACTIVE_SKIP_FIRST_TIME_EXPERIENCE"] = "1";
        using Process kernel = Process.Start(start)!;
        Task<string> errors = kernel.StandardError.ReadToEndAsync();
        var results = new List<CellResult>();
        string? ended = null;
        try
        {
            await CellsAsync(kernel, notebook, results).WaitAsync(deadline);
            return results;
        }
        catch (TimeoutException)
        {
            ended = $"did not end within {deadline.TotalSeconds:F0} s in the kernel; it was at code cell {results.Count + 1}";
        }
        catch (Exception error) when (error is IOException or EndOfStreamException)
        {
            ended = $"ended the kernel's process in code cell {results.Count + 1}";
        }
        finally
        {
            kernel.Kill(entireProcessTree: true);
            await kernel.WaitForExitAsync().WaitAsync(TimeSpan.FromSeconds(10));
        }

        throw new NotebookException($"{notebook.Name} {ended}: {(await errors.WaitAsync(TimeSpan.FromSeconds(10))).Trim()}");
    }

    private static async Task CellsAsync(Process kernel, Notebook notebook, List<CellResult> results)
    {
        while (KernelCell.Type(await ReadAsync(kernel)) != "KernelReady")
        {
        }

        foreach (Cell cell in notebook.CodeCells)
        {
            long started = Stopwatch.GetTimestamp();
            var run = new KernelCell($"cell{results.Count + 1}");
            var command = new JsonObject
            {
                ["token"] = run.Token,
                ["commandType"] = "SubmitCode",
                ["command"] = new JsonObject { ["code"] = cell.Source, ["targetKernelName"] = "csharp" },
            };
            await kernel.StandardInput.WriteLineAsync(command.ToJsonString());
            await kernel.StandardInput.FlushAsync();
            while (!run.Ended)
                run.Take(await ReadAsync(kernel));
            // Those of the cell with a package are the kernel's words on what it fetched.
            IReadOnlyList<CellOutput> outputs = cell.Source.Contains("#r \"nuget:", StringComparison.Ordinal) ? [] : run.Outputs;
            results.Add(new CellResult(outputs, run.Error, (long)Stopwatch.GetElapsedTime(started).TotalMilliseconds));
            if (run.Error is not null)
                return;
        }
    }

    private static async Task<JsonElement> ReadAsync(Process kernel) =>
        JsonSerializer.Deserialize<JsonElement>(await kernel.StandardOutput.ReadLineAsync() ?? throw new EndOfStreamException());
}
