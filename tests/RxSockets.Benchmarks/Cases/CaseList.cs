using RxSockets.Benchmarks.Candidates;
using RxSockets.Benchmarks.Load;
using RxSockets.Benchmarks.Servers;

namespace RxSockets.Benchmarks.Cases;

/// <summary>All that can be measured.</summary>
internal static class CaseList
{
    private const int Kibibyte = 1 << 10;
    private const int Mebibyte = 1 << 20;

    private static readonly int[] s_crowds = [1, 64, 1000];
    private static readonly int[] s_curve = [1, 4, 16, 64, 256, 1000, 4000, 10_000];
    private static readonly int[] s_quickCurve = [1, 16, 64, 1000];

    public static IReadOnlyList<CaseGroup> All(bool quick) =>
    [
        new("echo", "a message goes and comes back",
        [
            .. s_crowds.Select(static connections => Echo(64, connections)),
            .. (quick ? [64] : s_crowds).Select(static connections => Echo(16 * Kibibyte, connections)),
        ]),
        new("burst", "16 sends of 256 bytes, none waited for before the next, beside one of 4 KiB",
        [
            new("A burst of 16 x 256 B beside 4 KiB at once, 64 connections", "burst", 64)
            {
                Operation = "burst",
                Variants =
                [
                    new("one 4 KiB", Service.Burst, LoadMode.Coalesced, ServeOptions.Pieces * ServeOptions.PieceBytes),
                    new("16 x 256 B", Service.Burst, LoadMode.Pieces, ServeOptions.Pieces * ServeOptions.PieceBytes),
                ],
            },
        ]),
        new("stream", "one way, 1 MiB at a time",
        [
            new("The server sends, 8 connections", "send", 8)
            {
                Operation = "MiB", Variants = Case.One(Service.Stream, LoadMode.Receive, ServeOptions.StreamBytes),
            },
            new("The server receives, 8 connections", "receive", 8)
            {
                Operation = "MiB", Variants = Case.One(Service.Sink, LoadMode.Send, ServeOptions.StreamBytes),
            },
        ]),
        new("churn", "connect, send, receive, close",
        [
            new("Connect, send 64 B, receive them, FIN and FIN, 64 at a time", "churn", 64)
            {
                Operation = "connection", Variants = Case.One(Service.Echo, LoadMode.Churn, 64),
            },
        ]),
        new("accept", "accept with the first bytes, answer them, close",
        [
            new("Connect with 64 B, receive them and the server's FIN, 64 at a time", "accept", 64)
            {
                Operation = "connection", Variants = Case.One(Service.Accept, LoadMode.Accept, ServeOptions.FirstBytes),
            },
        ]),
        new("file", "1 KiB, a file, 1 KiB, FIN", [File("1 MiB", Mebibyte), File("64 MiB", 64 * Mebibyte)]),
        new("datagram", "a datagram goes and comes back",
        [
            new("Datagrams of 64 B, 64 senders with one each under way", "datagram", 64) { Variants = Case.One(Service.Datagram, LoadMode.Datagram, 64) },
        ]),
        new("rx", "what the stream layers cost over the raw awaitables",
        [
            new("Answers to messages of 64 B, 64 connections", "rx", 64)
            {
                Operation = "message",
                Variants =
                [
                    new("ReceiveAsync", Service.ReplyAwaited, LoadMode.Echo, 64),
                    new("IAsyncEnumerable", Service.ReplyPulled, LoadMode.Echo, 64),
                    new("merged IObservable", Service.ReplyMerged, LoadMode.Echo, 64),
                ],
            },
        ]),
        new("idle", "what silent connections keep in memory", [Idle(quick ? 2000 : 10_000)]),
        new("curve", "an echo of 64 B over the number of connections", [.. (quick ? s_quickCurve : s_curve).Select(static connections => Echo(64, connections))])
        {
            IsCurve = true,
        },
    ];

    private static Case Echo(int bytes, int connections) => new($"Echo of {Size(bytes)}, {Count(connections)}", $"{Size(bytes)} x {connections}", connections)
    {
        Variants = Case.One(Service.Echo, LoadMode.Echo, bytes),
    };

    private static Case File(string size, int bytes) => new($"A file of {size} between 1 KiB and 1 KiB, 8 connections", size, 8)
    {
        Operation = "file", FileBytes = bytes, References = [CandidateList.Sns, CandidateList.CEpoll],
        Variants = Case.One(Service.File, LoadMode.File, bytes + (2 * ServeOptions.EdgeBytes)),
    };

    private static Case Idle(int connections) => new($"{Count(connections)} that say nothing, a fresh server each time", "idle", connections)
    {
        Operation = "connection", TellsMemory = true, Variants = Case.One(Service.Echo, LoadMode.Idle, 0),
    };

    private static string Size(int bytes) => bytes < Kibibyte ? $"{bytes} B" : $"{bytes / Kibibyte} KiB";

    private static string Count(int connections) => connections == 1 ? "1 connection" : FormattableString.Invariant($"{connections:N0} connections");
}
