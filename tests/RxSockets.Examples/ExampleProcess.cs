using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Runtime.InteropServices;

namespace RxSockets.Examples;

/// <summary>An example program, or the benchmarks, run as its user runs it. Disposal ends it, whatever state it is in.</summary>
internal sealed class ExampleProcess : IAsyncDisposable
{
    private const int SIGTERM = 15;

    private static readonly TimeSpan s_limit = TimeSpan.FromSeconds(50);

    private readonly Process _process;
    private readonly Task<string> _errors;

    private ExampleProcess(Process process)
    {
        _process = process;
        _errors = process.StandardError.ReadToEndAsync();
    }

    public int Id => _process.Id;

    /// <summary>Starts an example; <paramref name="wrapper"/> is a command that is given its command line (strace).</summary>
    public static ExampleProcess Start(string example, IEnumerable<string> arguments, params string[] wrapper)
    {
        string[] command = [.. wrapper, "dotnet", PathOf(example), .. arguments];
        var start = new ProcessStartInfo(command[0], command[1..]) { RedirectStandardOutput = true, RedirectStandardError = true };
        return new ExampleProcess(Process.Start(start)!);
    }

    public async Task<string> ReadLineAsync() =>
        await _process.StandardOutput.ReadLineAsync().WaitAsync(s_limit) ?? throw new InvalidOperationException("It ended: " + await _errors.WaitAsync(s_limit));

    /// <summary>Reads the line that says where it listens.</summary>
    public async Task<IPEndPoint> ReadEndPointAsync()
    {
        string line = await ReadLineAsync();
        Assert.StartsWith("listening on ", line, StringComparison.Ordinal);
        return IPEndPoint.Parse(line["listening on ".Length..]);
    }

    public async Task<(int ExitCode, string Output, string Errors)> EndAsync(TimeSpan? limit = null)
    {
        string output = await _process.StandardOutput.ReadToEndAsync().WaitAsync(limit ?? s_limit);
        await _process.WaitForExitAsync().WaitAsync(s_limit);
        return (_process.ExitCode, output, await _errors);
    }

    /// <summary>SIGTERM, to the process or, where a wrapper started it, to its child.</summary>
    public async Task TerminateAsync(bool child = false)
    {
        int target = Id;
        if (child)
            target = int.Parse((await File.ReadAllTextAsync($"/proc/{Id}/task/{Id}/children")).Trim(), CultureInfo.InvariantCulture);
        Assert.Equal(0, kill(target, SIGTERM));
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
            _process.Kill(entireProcessTree: true);
        await _process.WaitForExitAsync().WaitAsync(s_limit);
        _process.Dispose();
    }

    // This assembly is in tests/NAME/bin/CONFIGURATION/FRAMEWORK; so is the example, in examples, and a program of the tests beside it.
    private static string PathOf(string example)
    {
        string[] here = Path.TrimEndingDirectorySeparator(AppContext.BaseDirectory).Split(Path.DirectorySeparatorChar);
        string root = string.Join(Path.DirectorySeparatorChar, here[..^5]);
        return Path.Combine(root, example.StartsWith("RxSockets.", StringComparison.Ordinal) ? "tests" : "examples", example, "bin", here[^2], here[^1], example + ".dll");
    }

    [DllImport("libc")]
    private static extern int kill(int process, int signal);
}
