using System.Globalization;
using System.Net;
using System.Net.Sockets;
using RxSockets.Engines;
using RxSockets.Testing;

namespace RxSockets.Conformance;

/// <summary>A server in a process of its own that has no descriptor left. Alone: what it costs then is measured.</summary>
[Collection(nameof(Crowded))]
public class DescriptorExhaustionTests
{
    private const int Clients = 60;

    public static TheoryData<EngineKind, CompletionScheduling> All => Engines.OfTheSystem;

    [Theory]
    [MemberData(nameof(All))]
    public async Task Accepting_survives(EngineKind engine, CompletionScheduling scheduling)
    {
        using ChildProcess server = Start(engine, scheduling);
        List<Socket> peers = await ConnectAsync(server);
        // Each one that was greeted goes away, and its descriptor is the next one's.
        int[] greetings = await Task.WhenAll(peers.Select(static async peer =>
        {
            int count = await peer.ReceiveAsync(new byte[1]);
            peer.Dispose();
            return count;
        })).Within();
        Assert.All(greetings, static count => Assert.Equal(1, count));
        await EndAsync(server);
    }

    [Theory]
    [MemberData(nameof(All))]
    public async Task While_none_is_left_it_costs_next_to_nothing_and_the_first_one_back_is_used_within_two_seconds(EngineKind engine, CompletionScheduling scheduling)
    {
        using ChildProcess server = Start(engine, scheduling);
        List<Socket> peers = await ConnectAsync(server);
        Task<Socket>[] greeted = [.. peers.Select(static async peer =>
        {
            Assert.Equal(1, await peer.ReceiveAsync(new byte[1]));
            return peer;
        })];
        // Those that were accepted stay, so that the others wait for a descriptor, for longer and longer pauses of accepting.
        Socket first = await (await Task.WhenAny(greeted).Within());
        var watched = TimeSpan.FromSeconds(3);
        await Task.Delay(watched, TimeProvider.System, TestContext.Current.CancellationToken);
        server.Process.Refresh();
        TimeSpan before = server.Process.TotalProcessorTime;
        await Task.Delay(watched, TimeProvider.System, TestContext.Current.CancellationToken);
        server.Process.Refresh();
        double share = (server.Process.TotalProcessorTime - before) / watched;
        int served = greeted.Count(static task => task.IsCompleted);
        Assert.InRange(served, 1, Clients - 1);

        long returned = TimeProvider.System.GetTimestamp();
        Task next = Task.WhenAny(greeted.Where(static task => !task.IsCompleted));
        first.Dispose();
        await next.Within();
        TimeSpan resumed = TimeProvider.System.GetElapsedTime(returned);
        TestContext.Current.TestOutputHelper?.WriteLine(string.Create(
            CultureInfo.InvariantCulture, $"{engine}, {scheduling}: {served} of {Clients} served, {share:P1} of a processor, the next one {resumed.TotalMilliseconds:F0} ms after a descriptor came back"));
        Assert.InRange(share, 0, 0.05);
        Assert.InRange(resumed, TimeSpan.Zero, TimeSpan.FromSeconds(2));
        // And all the others after it: each that goes away makes room for the next.
        await Task.WhenAll(greeted.Select(static async one => (await one).Dispose())).Within();
        await EndAsync(server);
    }

    private static ChildProcess Start(EngineKind engine, CompletionScheduling scheduling)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Lowers RLIMIT_NOFILE, as Linux numbers it.");
        if (EngineSelector.WhyNot(engine) is { } reason)
            Assert.Skip($"{engine} cannot run here: {reason}");
        return new ChildProcess("exhaust", engine.ToString(), scheduling.ToString());
    }

    private static async Task<List<Socket>> ConnectAsync(ChildProcess server)
    {
        var listening = new IPEndPoint(IPAddress.Loopback, (int)(await server.ReadNumbersAsync())[0]);
        List<Socket> peers = [];
        for (int i = 0; i < Clients; i++)
            peers.Add(await Peers.ConnectAsync(listening));
        return peers;
    }

    private static async Task EndAsync(ChildProcess server)
    {
        server.CloseInput();
        Assert.True((await server.ReadNumbersAsync())[0] > 0, "the limit was never reached");
        await server.EndedAsync();
    }
}
