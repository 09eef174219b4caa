using System.Globalization;
using System.Net;
using System.Net.Sockets;
using RxSockets.Engines;
using RxSockets.Testing;

namespace RxSockets.Conformance;

/// <summary>
/// Clients that mean harm, in a process of their own, against a server in another: what they cost is bounded, and whoever else is served is served on.
/// </summary>
[Collection(nameof(Crowded))]
public class HostilePeerTests
{
    private static readonly TimeSpan s_duration = TimeSpan.FromSeconds(3);

    public static TheoryData<EngineKind, CompletionScheduling> Engines => new()
    {
        { EngineKind.IoUring, CompletionScheduling.ThreadPool },
        { EngineKind.IoUring, CompletionScheduling.Inline },
        { EngineKind.Managed, CompletionScheduling.ThreadPool },
    };

    [Theory]
    [MemberData(nameof(Engines))]
    public async Task A_line_without_an_end_is_cut_off(EngineKind engine, CompletionScheduling scheduling)
    {
        Outcome outcome = await AttackAsync(engine, scheduling, "line", 50);
        Assert.Equal(50, outcome.Cut);
        Assert.InRange(outcome.MemoryKibibytes, long.MinValue, 16 << 10);
        // What the two kernels' buffers and one of the library's take before the reset is back at the sender.
        Assert.InRange(outcome.Sent / 50, 8 << 10, 8 << 20);
    }

    [Theory]
    [MemberData(nameof(Engines))]
    public async Task A_prefix_of_two_gibibytes_allocates_nothing(EngineKind engine, CompletionScheduling scheduling)
    {
        Outcome outcome = await AttackAsync(engine, scheduling, "prefix", 50);
        Assert.Equal(50, outcome.Cut);
        Assert.InRange(outcome.MemoryKibibytes, long.MinValue, 16 << 10);
    }

    [Theory]
    [MemberData(nameof(Engines))]
    public async Task A_thousand_that_send_a_byte_now_and_then_cost_a_little_memory_each(EngineKind engine, CompletionScheduling scheduling)
    {
        Outcome outcome = await AttackAsync(engine, scheduling, "loris", 1000);
        Assert.Equal(0, outcome.Cut);
        // Each sent all it wanted to: none of them was what kept the others from being read.
        Assert.InRange(outcome.Sent, 10_000, long.MaxValue);
        // Each may hold a frame of some bytes, and its enumerator.
        Assert.InRange(outcome.MemoryKibibytes, long.MinValue, 32 << 10);
    }

    [Theory]
    [TestDeadline(90)]
    [MemberData(nameof(Engines))]
    public async Task Ten_thousand_that_say_nothing_cost_a_little_memory_each(EngineKind engine, CompletionScheduling scheduling)
    {
        Outcome outcome = await AttackAsync(engine, scheduling, "silent", 10_000);
        Assert.InRange(outcome.MemoryKibibytes, long.MinValue, 64 << 10);
    }

    private static async Task<Outcome> AttackAsync(EngineKind engine, CompletionScheduling scheduling, string attack, int count)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Reads the server's resident memory from /proc.");
        if (EngineSelector.WhyNot(engine) is { } reason)
            Assert.Skip($"{engine} cannot run here: {reason}");
        using var server = new ChildProcess("guarded", engine.ToString(), scheduling.ToString());
        long[] ports = await server.ReadNumbersAsync();
        long port = ports[attack == "prefix" ? 1 : 0];
        using var honest = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await honest.ConnectAsync(IPAddress.Loopback, (int)ports[2]).Within();
        // Once before, so that what the server loads and allocates once is there.
        await RunHostileAsync(attack, port, Math.Min(count, 50), honest, TimeSpan.FromSeconds(1));
        long before = await MemoryAsync(server);
        (long sent, int cut, long memory, TimeSpan[] trips) = await RunHostileAsync(attack, port, count, honest, s_duration, () => MemoryAsync(server));
        Array.Sort(trips);
        var outcome = new Outcome(sent, cut, memory - before);
        TestContext.Current.TestOutputHelper?.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{attack} x {count}, {engine}, {scheduling}: {outcome}; of {trips.Length} honest round trips the median took {trips[trips.Length / 2].TotalMilliseconds:F2} ms, 99 % {trips[trips.Length * 99 / 100].TotalMilliseconds:F1} ms, the longest {trips[^1].TotalMilliseconds:F0} ms"));
        // Three processes share the processors; a stall would last as long as the attack.
        Assert.InRange(trips.Length, 20, int.MaxValue);
        Assert.InRange(trips[^1], TimeSpan.Zero, s_duration / 2);
        server.CloseInput();
        honest.Dispose();
        await server.EndedAsync();
        return outcome;
    }

    private static async Task<(long Sent, int Cut, long Memory, TimeSpan[] Trips)> RunHostileAsync(
        string attack, long port, int count, Socket honest, TimeSpan duration, Func<Task<long>>? look = null)
    {
        using var hostile = new ChildProcess("hostile", attack, port.ToString(CultureInfo.InvariantCulture), count.ToString(CultureInfo.InvariantCulture));
        Assert.Equal("attacking", await hostile.ReadLineAsync(TimeSpan.FromSeconds(60)));
        TimeSpan[] trips = await TripAsync(honest, duration);
        long memory = look is null ? 0 : await look();
        hostile.CloseInput();
        long[] told = await hostile.ReadNumbersAsync();
        await hostile.EndedAsync();
        return (told[0], (int)told[1], memory, trips);
    }

    private static async Task<TimeSpan[]> TripAsync(Socket honest, TimeSpan duration)
    {
        List<TimeSpan> trips = [];
        byte[] block = new byte[64];
        long began = TimeProvider.System.GetTimestamp();
        while (TimeProvider.System.GetElapsedTime(began) < duration)
        {
            long sent = TimeProvider.System.GetTimestamp();
            await honest.SendAsync(block).Within();
            await honest.ReceiveExactlyAsync(block.Length);
            trips.Add(TimeProvider.System.GetElapsedTime(sent));
        }

        return [.. trips];
    }

    private static async Task<long> MemoryAsync(ChildProcess server)
    {
        await server.WriteLineAsync("memory");
        return (await server.ReadNumbersAsync())[0];
    }

    /// <summary>Bytes that left the attackers, connections that the server cut, and by how much its resident memory was larger under attack.</summary>
    private readonly record struct Outcome(long Sent, int Cut, long MemoryKibibytes);
}
