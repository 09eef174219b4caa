using RxSockets.Engines;
using RxSockets.Sockets;

namespace RxSockets;

/// <summary>
/// A completion port: the engine that carries listeners and connections, as the user sees it. Thread-safe. Most programs use
/// <see cref="Shared"/> without naming it.
/// </summary>
public sealed class CompletionPort : IAsyncDisposable
{
    private static readonly Func<CompletionPortOptions, Action<Exception>, (CompletionEngine Engine, string Reason)> s_select =
        static (options, unhandled) => EngineSelector.Create(options, unhandled);

    private static readonly Lazy<CompletionPort> s_shared = new(() => new CompletionPort(new CompletionPortOptions(), isShared: true, s_select));

    private readonly bool _isShared;

    private CompletionPort(CompletionPortOptions options, bool isShared, Func<CompletionPortOptions, Action<Exception>, (CompletionEngine Engine, string Reason)> select)
    {
        CompletionPortOptions validated = options.Validated();
        (CompletionEngine engine, string reason) = select(validated, OnUnhandled);
        _isShared = isShared;
        EngineReason = reason;
        try
        {
            Core = new PortCore(engine, reason, validated, OnUnhandled);
        }
        catch
        {
            // A logger or meter factory threw; nothing was opened yet, and the engine's threads end by themselves.
            _ = engine.ShutDownAsync().AsTask();
            throw;
        }
    }

    /// <summary>
    /// The port used where none is given: <see cref="EngineKind.Auto"/>, thread-pool scheduling, made when first used. It cannot be disposed.
    /// </summary>
    public static CompletionPort Shared => s_shared.Value;

    /// <summary>The engine that runs; never <see cref="EngineKind.Auto"/>.</summary>
    public EngineKind Engine => Core.Engine.Kind;

    /// <summary>Why this engine was chosen, for logs.</summary>
    public string EngineReason { get; }

    /// <summary>Where continuations run.</summary>
    public CompletionScheduling Scheduling => Core.Options.Scheduling;

    /// <summary>
    /// An exception that left a handler (<c>OnNext</c>) and has nobody else to go to. Raised where the handler ran, after it was counted and logged
    /// (<see cref="CompletionPortOptions.LoggerFactory"/>): the log is for people, this is for the program. Exceptions of the event's own handlers are
    /// swallowed, since a loop must not die of them.
    /// </summary>
    public event EventHandler<UnhandledExceptionEventArgs>? UnhandledException;

    internal PortCore Core { get; }

    /// <summary>Makes a port. The options are copied.</summary>
    /// <exception cref="ArgumentOutOfRangeException">An option is out of its range; the message names option and limits.</exception>
    /// <exception cref="PlatformNotSupportedException">The engine asked for by name cannot run here; the message says why.</exception>
    public static CompletionPort Create(CompletionPortOptions? options = null) => new(options ?? new CompletionPortOptions(), isShared: false, s_select);

    /// <summary>A port over an engine from elsewhere.</summary>
    internal static CompletionPort CreateOver(
        CompletionPortOptions options, Func<CompletionPortOptions, Action<Exception>, (CompletionEngine Engine, string Reason)> select) =>
        new(options, isShared: false, select);

    /// <summary>
    /// Ends everything on the port in order: listeners close, connections are disposed (FIN behind what was sent, then the peer's end or
    /// <see cref="CompletionPortOptions.CloseTimeout"/>), then the loops end.
    /// </summary>
    /// <exception cref="InvalidOperationException">This is <see cref="Shared"/>.</exception>
    public ValueTask DisposeAsync()
    {
        if (_isShared)
            throw new InvalidOperationException("CompletionPort.Shared cannot be disposed. Create a port of your own with CompletionPort.Create.");
        return Core.DisposeAsync();
    }

    private void OnUnhandled(Exception error)
    {
        // Null while the engine is made: nothing of the user's runs yet.
        Core?.Diagnostics.HandlerFailed(error);
        try
        {
            UnhandledException?.Invoke(this, new UnhandledExceptionEventArgs(error, isTerminating: false));
        }
        catch (Exception)
        {
            // The handler of last resort failed; there is nobody left to tell, and the loop lives on.
        }
    }
}
