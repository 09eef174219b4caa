using System.Diagnostics;
using System.Text;

namespace RxSockets.Benchmarks.Running;

/// <summary>A process that is spoken to by lines, on a core of its own where one is given. It does not outlive this object.</summary>
internal sealed class ChildProcess : IDisposable
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(60);

    private readonly Process _process;
    private readonly StringBuilder _errors = new();

    public ChildProcess(ProcessStartInfo start, int? core)
    {
        start.UseShellExecute = false;
        start.RedirectStandardInput = start.RedirectStandardOutput = start.RedirectStandardError = true;
        _process = core is { } one ? Affinity.Start(start, one) : Affinity.Launch(start);
        _process.ErrorDataReceived += (_, line) =>
        {
            lock (_errors)
                _errors.AppendLine(line.Data);
        };
        _process.BeginErrorReadLine();
    }

    public int Id => _process.Id;

    public bool HasExited => _process.HasExited;

    public string Errors
    {
        get
        {
            lock (_errors)
                return _errors.ToString().Trim();
        }
    }

    public void Write(string line)
    {
        _process.StandardInput.WriteLine(line);
        _process.StandardInput.Flush();
    }

    /// <exception cref="BenchmarkException">It has ended, or says nothing.</exception>
    public async Task<string> ReadAsync()
    {
        try
        {
            return await _process.StandardOutput.ReadLineAsync().WaitAsync(s_patience) ?? throw new BenchmarkException(await ObituaryAsync());
        }
        catch (TimeoutException)
        {
            throw new BenchmarkException($"says nothing for {s_patience.TotalSeconds} s. {Errors}");
        }
    }

    public int WaitForExit(TimeSpan patience)
    {
        if (!_process.WaitForExit(patience))
            throw new BenchmarkException($"{_process.StartInfo.FileName} does not end.");
        _process.WaitForExit();
        return _process.ExitCode;
    }

    public void Dispose()
    {
        if (!_process.HasExited)
            _process.Kill(entireProcessTree: true);
        _process.Dispose();
    }

    private async Task<string> ObituaryAsync()
    {
        await _process.WaitForExitAsync().WaitAsync(s_patience);
        return $"ended with exit code {_process.ExitCode}. {Errors}";
    }
}
