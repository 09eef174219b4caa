using System.Diagnostics;

namespace RxSockets.Benchmarks.Running;

/// <summary>How this program starts itself: as the executable it is, or by <c>dotnet</c> if that runs it.</summary>
internal static class ThisProgram
{
    public static ProcessStartInfo Start(params IEnumerable<string> arguments)
    {
        string host = Environment.ProcessPath ?? throw new InvalidOperationException("The program's path is not known.");
        var start = new ProcessStartInfo(host);
        if (Path.GetFileNameWithoutExtension(host).Equals("dotnet", StringComparison.OrdinalIgnoreCase))
            start.ArgumentList.Add(typeof(ThisProgram).Assembly.Location);
        foreach (string argument in arguments)
            start.ArgumentList.Add(argument);
        return start;
    }
}
