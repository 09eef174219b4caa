using RxSockets.Operations;

namespace RxSockets.Engines.Managed;

/// <summary>
/// Collects what is scheduled while a completion is told to its sink, so that it can run on the same thread right after: no hop, and no
/// user code inside the sink. Scopes do not nest: what runs afterwards runs outside of the scope.
/// </summary>
internal static class CallbackScope
{
    [ThreadStatic]
    private static bool t_active;

    [ThreadStatic]
    private static CompletionWork? t_head;

    [ThreadStatic]
    private static CompletionWork? t_tail;

    public static void Enter() => t_active = true;

    public static CompletionWork? Exit()
    {
        CompletionWork? works = t_head;
        t_active = false;
        t_head = t_tail = null;
        return works;
    }

    public static bool TryCollect(CompletionWork work)
    {
        if (!t_active)
            return false;
        work.NextWork = null;
        if (t_tail is null)
            t_head = work;
        else
            t_tail.NextWork = work;
        t_tail = work;
        return true;
    }
}
