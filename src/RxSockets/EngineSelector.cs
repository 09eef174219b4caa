using RxSockets.Engines;
using RxSockets.Engines.IoUring;
using RxSockets.Engines.Managed;

namespace RxSockets;

/// <summary>The one place that looks at the operating system and the kernel. Everything else is handed an engine.</summary>
internal static class EngineSelector
{
    /// <summary>Makes the engine asked for, or for <see cref="EngineKind.Auto"/> the best that works.</summary>
    /// <exception cref="PlatformNotSupportedException">An engine asked for by name cannot run here; the message says why.</exception>
    public static (CompletionEngine Engine, string Reason) Create(CompletionPortOptions options, Action<Exception> unhandled)
    {
        switch (options.Engine)
        {
            case EngineKind.Managed:
                return (new ManagedEngine(options, unhandled), "asked for by name");
            case EngineKind.Iocp:
                throw new PlatformNotSupportedException("The Iocp engine cannot run here: " + WhyNotIocp());
            case EngineKind.IoUring:
                if (WhyNotIoUring(options) is { } missing)
                    throw new PlatformNotSupportedException("The IoUring engine cannot run here: " + missing);
                return (IoUringEngine.Create(options, unhandled), "asked for by name");
            default:
                if (WhyNotIoUring(options) is { } reason)
                    return (new ManagedEngine(options, unhandled), "io_uring cannot run here: " + reason);
                return (IoUringEngine.Create(options, unhandled), "io_uring works here");
        }
    }

    /// <summary>Null where the engine can run; else a sentence for people.</summary>
    public static string? WhyNot(EngineKind engine) => engine switch
    {
        EngineKind.IoUring => WhyNotIoUring(new CompletionPortOptions().Validated()),
        EngineKind.Iocp => WhyNotIocp(),
        _ => null,
    };

    private static string? WhyNotIoUring(CompletionPortOptions options) =>
        OperatingSystem.IsLinux() ? IoUringEngine.Probe(options) : "it is Linux's.";

    private static string WhyNotIocp() =>
        OperatingSystem.IsWindows() ? "it is not part of this version yet; the managed engine runs on Windows." : "it is Windows'.";
}
