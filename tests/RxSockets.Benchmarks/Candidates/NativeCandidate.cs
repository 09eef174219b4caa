using System.Diagnostics;
using System.Globalization;
using RxSockets.Benchmarks.Servers;

namespace RxSockets.Benchmarks.Candidates;

/// <summary>A baseline in C: compiled when it is first asked for, beside this program.</summary>
internal sealed record NativeCandidate(string Name, string Description, string Source, string? Library, Service[] Services) : Candidate(Name, Description)
{
    private readonly Lazy<(string? Program, string? Reason)> _built = new(() => CCompiler.Build(Source, Library));

    public override string? WhyNot => _built.Value.Reason;

    public override bool TellsMemory => false;

    public override bool Serves(Service service) => Services.Contains(service);

    public override ProcessStartInfo Command(ServeOptions options)
    {
        var start = new ProcessStartInfo(_built.Value.Program!) { ArgumentList = { options.Listen.Port.ToString(CultureInfo.InvariantCulture) } };
        if (options.File is { } file)
            start.ArgumentList.Add(file);
        return start;
    }
}
