using System.Diagnostics;
using RxSockets.Benchmarks.Running;
using RxSockets.Benchmarks.Servers;

namespace RxSockets.Benchmarks.Candidates;

/// <summary>One of what is measured side by side.</summary>
/// <param name="Name">What tables call it.</param>
/// <param name="Description">What it is.</param>
internal abstract record Candidate(string Name, string Description)
{
    /// <summary>Why it cannot run on this machine; null when it can.</summary>
    public virtual string? WhyNot => null;

    /// <summary>Says what it has allocated and what lives, when it is asked.</summary>
    public virtual bool TellsMemory => true;

    /// <summary>Whether there is a fair way to write the service with it.</summary>
    public abstract bool Serves(Service service);

    /// <summary>The process that serves; its first line says <c>listening on ADDRESS:PORT</c>.</summary>
    public abstract ProcessStartInfo Command(ServeOptions options);

    public sealed override string ToString() => Name;
}
