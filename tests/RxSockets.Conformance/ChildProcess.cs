using System.Diagnostics;
using System.Globalization;
using System.Text;

namespace RxSockets.Conformance;

/// <summary>
/// A process that runs RxSockets.Child. Its lines are read within a deadline; where it ends instead of telling one, what it complained of is the failure. Killed with all that it
/// started when it is disposed of.
/// </summary>
internal sealed class ChildProcess : IDisposable
{
    private readonly StringBuilder _complaints = new();

    public ChildProcess(params IEnumerable<string> arguments)
        : this("dotnet", [Program, .. arguments])
    {
    }

    private ChildProcess(string file, IEnumerable<string> arguments)
    {
        var start = new ProcessStartInfo(file, arguments) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true };
        Process = new Process { StartInfo = start };
        Process.ErrorDataReceived += (_, line) =>
        {
            lock (_complaints)
                _complaints.AppendLine(line.Data);
        };
        Process.Start();
        Process.BeginErrorReadLine();
    }

    private static string Program => Path.Combine(AppContext.BaseDirectory, "RxSockets.Child.dll");

    public Process Process { get; }

    /// <summary>In a network namespace.</summary>
    public static ChildProcess StartIn(string networkNamespace, params IEnumerable<string> arguments) =>
        new("ip", ["netns", "exec", networkNamespace, "dotnet", Program, .. arguments]);

    public async Task<string> ReadLineAsync(TimeSpan? limit = null)
    {
        Task<string?> reading = Process.StandardOutput.ReadLineAsync();
        string? line = limit is { } longer ? await reading.WaitAsync(longer) : await reading.Within();
        if (line is not null)
            return line;
        await Process.WaitForExitAsync().Within();
        lock (_complaints)
            throw new InvalidOperationException($"The child ended with {Process.ExitCode}: {_complaints}");
    }

    /// <summary>A line of numbers with spaces between them.</summary>
    public async Task<long[]> ReadNumbersAsync(TimeSpan? limit = null) =>
        [.. (await ReadLineAsync(limit)).Split(' ').Select(static number => long.Parse(number, CultureInfo.InvariantCulture))];

    public Task WriteLineAsync(string line) => Process.StandardInput.WriteLineAsync(line).Within();

    /// <summary>By that it is told to come to its end.</summary>
    public void CloseInput() => Process.StandardInput.Close();

    /// <summary>It comes to its end, and without a complaint.</summary>
    public async Task EndedAsync()
    {
        await Process.WaitForExitAsync().Within();
        lock (_complaints)
            Assert.True(Process.ExitCode == 0, $"The child ended with {Process.ExitCode}: {_complaints}");
    }

    public void Dispose()
    {
        if (!Process.HasExited)
            Process.Kill(entireProcessTree: true);
        Process.Dispose();
    }
}
