namespace RxSockets.Testing;

/// <summary>Something that an engine was asked for and that has not ended: a place in its table, by which completions find it. Guarded by the network's lock.</summary>
internal sealed class Request(string verb)
{
    public string Verb => verb;

    public int Slot { get; set; }

    public int Generation { get; set; }

    /// <summary>The step of it that is on its way.</summary>
    public SimulationEvent? NextStep { get; set; }

    public bool IsStepping => NextStep is not null;

    /// <summary>What a completion that is not its own does to it, in an engine that does not look at generations.</summary>
    public Action? Mistake { get; set; }
}
