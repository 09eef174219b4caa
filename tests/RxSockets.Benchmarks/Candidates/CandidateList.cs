using RxSockets.Benchmarks.Servers;

namespace RxSockets.Benchmarks.Candidates;

/// <summary>All that can be measured on this system.</summary>
internal static class CandidateList
{
    public const string Sns = "sns";
    public const string CIoUring = "c-iouring";
    public const string CEpoll = "c-epoll";

    private const string InlineCompletions = "DOTNET_SYSTEM_NET_SOCKETS_INLINE_COMPLETIONS";

    public static IReadOnlyList<Candidate> All { get; } =
    [
        .. OperatingSystem.IsWindows()
            ? new[] { Rx("rx-iocp", EngineKind.Iocp, CompletionScheduling.Inline), Rx("rx-iocp", EngineKind.Iocp, CompletionScheduling.ThreadPool) }
            : [Rx("rx-iouring", EngineKind.IoUring, CompletionScheduling.Inline), Rx("rx-iouring", EngineKind.IoUring, CompletionScheduling.ThreadPool)],
        Rx("rx-managed", EngineKind.Managed, CompletionScheduling.Inline),
        Rx("rx-managed", EngineKind.Managed, CompletionScheduling.ThreadPool),
        new ManagedCandidate(Sns, "System.Net.Sockets, default settings", IsCommon, SnsServer.StartAsync),
        new ManagedCandidate("sns-inline", $"System.Net.Sockets with {InlineCompletions}=1", IsCommon, SnsServer.StartAsync)
        {
            Environment = new Dictionary<string, string> { [InlineCompletions] = "1" },
            Reason = static () => OperatingSystem.IsWindows() ? "the setting is not for Windows" : null,
        },
        new ManagedCandidate("kestrel-transport", "Kestrel's socket transport", PipeHandlers.Serves, KestrelServer.StartAsync),
        new ManagedCandidate("pipelines-unofficial", "Pipelines.Sockets.Unofficial", PipeHandlers.Serves, PipelinesServer.StartAsync),
        new ManagedCandidate("dotnetty", "DotNetty.Transport", DotNettyServer.Serves, DotNettyServer.StartAsync),
        new NativeCandidate(CIoUring, "C, io_uring: multishot accept and receive, buffer ring", "echo_uring.c", "uring", [Service.Echo]),
        new NativeCandidate(CEpoll, "C, epoll; sendfile(2)", "echo_epoll.c", Library: null, [Service.Echo, Service.File]),
    ];

    /// <exception cref="ArgumentException">There is none of this name.</exception>
    public static Candidate Named(string name) =>
        All.FirstOrDefault(candidate => candidate.Name == name)
        ?? throw new ArgumentException($"'{name}' is not a candidate here; there are {string.Join(", ", All.Select(static candidate => candidate.Name))}.");

    private static bool IsCommon(Service service) => service is not (Service.ReplyAwaited or Service.ReplyPulled or Service.ReplyMerged);

    private static ManagedCandidate Rx(string name, EngineKind engine, CompletionScheduling scheduling)
    {
        bool inline = scheduling == CompletionScheduling.Inline;
        return new ManagedCandidate(
            name + (inline ? "-inline" : "-pool"), $"RxSockets, {engine}, completions {(inline ? "inline" : "on the thread pool")}", static _ => true,
            options => RxServer.StartAsync(options, engine, scheduling))
        {
            Reason = () => EngineSelector.WhyNot(engine),
        };
    }
}
