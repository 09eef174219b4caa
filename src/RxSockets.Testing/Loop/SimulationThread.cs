namespace RxSockets.Testing;

/// <summary>
/// Tells which threads run code of a simulation: its own, and whichever a continuation fled to (Task.Run, ConfigureAwait(false) behind a Channel). It flows with
/// the execution context, and the runtime tells whenever a thread takes such a context up or lays it down. So the simulation can wait with its clock until
/// what fled has come to rest.
/// </summary>
internal static class SimulationThread
{
    private static readonly AsyncLocal<SimulationLoop?> s_current = new(Changed);

    /// <summary>Marks this thread's context, and all that flows from it.</summary>
    public static void Enter(SimulationLoop loop) => s_current.Value = loop;

    private static void Changed(AsyncLocalValueChangedArgs<SimulationLoop?> change)
    {
        if (!change.ThreadContextChanged)
            return;
        if (change.PreviousValue is { IsOnThread: false } left)
            left.ForeignLeft();
        if (change.CurrentValue is { IsOnThread: false } entered)
            entered.ForeignEntered();
    }
}
