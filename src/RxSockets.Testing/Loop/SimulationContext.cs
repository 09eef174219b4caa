namespace RxSockets.Testing;

/// <summary>Brings what awaits under it back to the simulation's thread.</summary>
internal sealed class SimulationContext(SimulationLoop loop) : SynchronizationContext
{
    public override void Post(SendOrPostCallback d, object? state) => loop.Post(d, state);

    public override void Send(SendOrPostCallback d, object? state) =>
        throw new NotSupportedException("A simulation runs one thing at a time: nothing can be waited for inside it.");

    public override SynchronizationContext CreateCopy() => this;
}
