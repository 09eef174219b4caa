namespace RxSockets.Operations;

/// <summary>
/// Something to be run where completions run (see <see cref="CompletionScheduling"/>): an operation that ended, a stream that may go on.
/// A work item is in at most one queue at a time: whoever schedules it does so once per run.
/// </summary>
internal abstract class CompletionWork
{
    /// <summary>Link of the queue it waits in; belongs to the scheduler.</summary>
    internal CompletionWork? NextWork;

    /// <summary>Runs user code; must not throw.</summary>
    public abstract void Run();
}
