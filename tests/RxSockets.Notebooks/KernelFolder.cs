using System.Diagnostics;
using RxSockets.Notebooks.Running;

namespace RxSockets.Notebooks;

/// <summary>A folder as a user has it who opens a notebook in the real kernel: the publish folder bin/, from the build that is tested, and the files that cells load.</summary>
public sealed class KernelFolder : IAsyncLifetime
{
    private static readonly TimeSpan s_deadline = TimeSpan.FromSeconds(100);

    internal string? Tool { get; } = KernelTool.Find();

    internal string Location { get; } = Directory.CreateTempSubdirectory("kernel").FullName;

    public async ValueTask InitializeAsync()
    {
        if (Tool is null)
            return;
        foreach (string file in Directory.GetFiles(NotebookFolder.Location, "*.csx"))
            File.Copy(file, Path.Combine(Location, Path.GetFileName(file)));
        // This assembly is in bin/CONFIGURATION/FRAMEWORK: what it was built with is there already.
        string configuration = Path.GetFileName(Path.GetDirectoryName(AppContext.BaseDirectory.TrimEnd(Path.DirectorySeparatorChar))!);
        var start = new ProcessStartInfo(
            "dotnet", ["publish", Path.Combine(NotebookFolder.Location, "Support"), "-c", configuration, "--no-build", "--nologo", "-nodeReuse:false", "-o", Path.Combine(Location, "bin")])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        };
        using Process publish = Process.Start(start)!;
        publish.StandardInput.Close();
        try
        {
            string output = await publish.StandardOutput.ReadToEndAsync().WaitAsync(s_deadline);
            await publish.WaitForExitAsync().WaitAsync(s_deadline);
            if (publish.ExitCode != 0)
                throw new NotebookException($"dotnet publish notebooks/Support ended with {publish.ExitCode}: {output}");
        }
        finally
        {
            publish.Kill(entireProcessTree: true);
        }
    }

    public ValueTask DisposeAsync()
    {
        Directory.Delete(Location, recursive: true);
        return ValueTask.CompletedTask;
    }
}
