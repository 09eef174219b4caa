namespace RxSockets.Testing;

/// <summary>Something that happens at a moment of virtual time, unless it is called off before.</summary>
internal sealed class SimulationEvent(Action run)
{
    public Action Run => run;

    /// <summary>Guarded by the network's lock.</summary>
    public bool IsCalledOff { get; set; }
}
