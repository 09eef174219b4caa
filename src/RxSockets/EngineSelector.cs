using RxSockets.Engines;
using RxSockets.Engines.Iocp;
using RxSockets.Engines.IoUring;
using RxSockets.Engines.Managed;

namespace RxSockets;

/// <summary>The one place that looks at the operating system and the kernel. Everything else is handed an engine.</summary>
internal static class EngineSelector
{
    private const string NotLinux = "it is Linux's.";

    /// <summary>Makes the engine asked for, or for <see cref="EngineKind.Auto"/> the best that works.</summary>
    /// <exception cref="PlatformNotSupportedException">An engine asked for by name cannot run here; the message says why.</exception>
    /// <param name="options">Validated.</param>
    /// <param name="unhandled">Where exceptions go that nobody else takes.</param>
    /// <param name="ringSystem">Stands in for the kernel's ring calls in tests of their refusal.</param>
    public static (CompletionEngine Engine, string Reason) Create(
        CompletionPortOptions options, Action<Exception> unhandled, IRingSystem? ringSystem = null)
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
                return TryIoUring(options, unhandled, ringSystem, out string? missing) is { } asked
                    ? (asked, "asked for by name")
                    : throw new PlatformNotSupportedException("The IoUring engine cannot run here: " + missing);
            case EngineKind.Simulated:
                throw new PlatformNotSupportedException("The Simulated engine cannot be had by name: a host of a SimulatedNetwork (RxSockets.Testing) makes its ports.");
            default:
                return OperatingSystem.IsWindows() ? CreateForWindows(options, unhandled) : CreateForUnix(options, unhandled, ringSystem);
        }
    }

    /// <summary>Null where the engine can run; else a sentence for people.</summary>
    public static string? WhyNot(EngineKind engine) => engine switch
    {
        EngineKind.IoUring => OperatingSystem.IsLinux() ? IoUringEngine.Probe(new CompletionPortOptions().Validated()) : NotLinux,
        EngineKind.Iocp => WhyNotIocp(),
        EngineKind.Simulated => "it is made by a SimulatedNetwork (RxSockets.Testing).",
        _ => null,
    };

    private static IoUringEngine? TryIoUring(CompletionPortOptions options, Action<Exception> unhandled, IRingSystem? system, out string? refusal)
    {
        if (OperatingSystem.IsLinux())
            return IoUringEngine.TryCreate(options, unhandled, out refusal, system);
        refusal = NotLinux;
        return null;
    }

    private static string? WhyNotIocp() => OperatingSystem.IsWindows() ? IocpEngine.Probe() : "it is Windows'.";

    private static (CompletionEngine Engine, string Reason) CreateForWindows(CompletionPortOptions options, Action<Exception> unhandled)
    {
        if (WhyNotIocp() is { } reason)
            return (new ManagedEngine(options, unhandled) { IsFallback = true }, "completion ports cannot be used here: " + reason);
        return (IocpEngine.Create(options, unhandled), "completion ports work here");
    }

    private static (CompletionEngine Engine, string Reason) CreateForUnix(CompletionPortOptions options, Action<Exception> unhandled, IRingSystem? ringSystem) =>
        TryIoUring(options, unhandled, ringSystem, out string? reason) is { } best
            ? (best, "io_uring works here")
            : (new ManagedEngine(options, unhandled) { IsFallback = true }, "io_uring cannot run here: " + reason);
}
