using System.Diagnostics;
using System.Text.Json;

namespace RxSockets.Notebooks.Running;

/// <summary>Runs a notebook in a process of its own. What it does to memory, sockets and the console stays there, and at the deadline it is ended.</summary>
internal static class ChildRun
{
    /// <summary>For a whole notebook; each takes a few seconds on two cores of its own, and CI has others.</summary>
    public static readonly TimeSpan Deadline = TimeSpan.FromSeconds(90);

    public static async Task<IReadOnlyList<CellResult>> RunAsync(string notebook, TimeSpan deadline)
    {
        string resultPath = Path.GetTempFileName();
        try
        {
            var start = new ProcessStartInfo("dotnet", [typeof(ChildRun).Assembly.Location, "run", Path.GetFullPath(notebook), resultPath])
            {
                // No terminal: a child that sets one up while its parent is in the background is stopped by it.
                RedirectStandardInput = true,
                RedirectStandardOutput = true,
                RedirectStandardError = true,
            };
            using Process child = Process.Start(start)!;
            child.StandardInput.Close();
            Task<string> output = child.StandardOutput.ReadToEndAsync();
            Task<string> errors = child.StandardError.ReadToEndAsync();
            try
            {
                await child.WaitForExitAsync().WaitAsync(deadline);
            }
            catch (TimeoutException)
            {
                child.Kill(entireProcessTree: true);
                await child.WaitForExitAsync().WaitAsync(TimeSpan.FromSeconds(10));
                string last = (await errors).Trim().Split('\n')[^1];
                throw new NotebookException($"{Path.GetFileName(notebook)} did not end within {deadline.TotalSeconds:F0} s; it was at: {last}");
            }

            string said = (await output + await errors).Trim();
            if (child.ExitCode != 0)
                throw new NotebookException($"{Path.GetFileName(notebook)} ended its process with {child.ExitCode}: {said}");
            return JsonSerializer.Deserialize<List<CellResult>>(await File.ReadAllTextAsync(resultPath))!;
        }
        finally
        {
            File.Delete(resultPath);
        }
    }
}
