using RxSockets.Engines;
using RxSockets.Engines.Iocp;
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
                if (WhyNotIocp() is { } absent)
                    throw new PlatformNotSupportedException("The Iocp engine cannot run here: " + absent);
                return (IocpEngine.Create(options, unhandled), "asked for by name");
            case EngineKind.IoUring:
                if (WhyNotIoUring(options) is { } missing)
                    throw new PlatformNotSupportedException("The IoUring engine cannot run here: " + missing);
                return (IoUringEngine.Create(options, unhandled), "asked for by name");
            default:
                return OperatingSystem.IsWindows() ? CreateForWindows(options, unhandled) : CreateForUnix(options, unhandled);
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

    private static string? WhyNotIocp() => OperatingSystem.IsWindows() ? IocpEngine.Probe() : "it is Windows'.";

    private static (CompletionEngine Engine, string Reason) CreateForWindows(CompletionPortOptions options, Action<Exception> unhandled)
    {
        if (WhyNotIocp() is { } reason)
            return (new ManagedEngine(options, unhandled), "completion ports cannot be used here: " + reason);
        return (IocpEngine.Create(options, unhandled), "completion ports work here");
    }

    private static (CompletionEngine Engine, string Reason) CreateForUnix(CompletionPortOptions options, Action<Exception> unhandled)
    {
        if (WhyNotIoUring(options) is { } reason)
            return (new ManagedEngine(options, unhandled), "io_uring cannot run here: " + reason);
        return (IoUringEngine.Create(options, unhandled), "io_uring works here");
    }
}
