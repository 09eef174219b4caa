namespace RxSockets;

/// <summary>Where continuations of awaits and calls to <c>OnNext</c> run.</summary>
public enum CompletionScheduling
{
    /// <summary>On the thread pool, handed over in batches (the default). A handler may block; it holds up nobody but itself.</summary>
    ThreadPool,

    /// <summary>
    /// On the engine's loop thread: fastest, but a handler that blocks holds up every connection of that loop.
    /// The managed engine has no loops: there it means the thread that completes the System.Net.Sockets operation.
    /// </summary>
    Inline,
}
