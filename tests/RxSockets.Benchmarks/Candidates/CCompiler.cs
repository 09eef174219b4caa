using System.ComponentModel;
using System.Diagnostics;
using RxSockets.Benchmarks.Running;

namespace RxSockets.Benchmarks.Candidates;

/// <summary>Compiles the baselines in C. Without a compiler, or without a header one of them needs, there is a reason instead.</summary>
internal static class CCompiler
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(60);

    public static (string? Program, string? Reason) Build(string source, string? library)
    {
        if (!OperatingSystem.IsLinux())
            return (null, "its source is for Linux");
        string from = Path.Combine(AppContext.BaseDirectory, "native", source);
        string program = Path.ChangeExtension(from, null);
        var start = new ProcessStartInfo("cc") { ArgumentList = { "-O2", "-o", program, from }, RedirectStandardError = true };
        if (library is not null)
            start.ArgumentList.Add("-l" + library);
        try
        {
            using var compiler = new ChildProcess(start, core: null);
            return compiler.WaitForExit(s_patience) == 0 ? (program, null) : (null, "cc: " + compiler.Errors.Split('\n')[0]);
        }
        catch (Win32Exception)
        {
            return (null, "no C compiler (cc)");
        }
    }
}
