using System.Diagnostics;
using RxSockets.Benchmarks.Running;
using RxSockets.Benchmarks.Servers;

namespace RxSockets.Benchmarks.Candidates;

/// <summary>A candidate in C#: this program serves it, as a process of its own.</summary>
internal sealed record ManagedCandidate(string Name, string Description, Func<Service, bool> Services, Func<ServeOptions, Task<IServer>> StartAsync)
    : Candidate(Name, Description)
{
    /// <summary>Variables of the environment that make it what it is.</summary>
    public IReadOnlyDictionary<string, string> Environment { get; init; } = new Dictionary<string, string>();

    public Func<string?>? Reason { get; init; }

    public override string? WhyNot => Reason?.Invoke();

    public override bool Serves(Service service) => Services(service);

    public override ProcessStartInfo Command(ServeOptions options)
    {
        ProcessStartInfo start = ThisProgram.Start("serve", options.Service.ToString(), "--listen", options.Listen.ToString(), "--candidate", Name, "--controlled");
        if (options.File is { } file)
        {
            start.ArgumentList.Add("--file");
            start.ArgumentList.Add(file);
        }

        foreach ((string name, string value) in Environment)
            start.Environment[name] = value;
        return start;
    }
}
