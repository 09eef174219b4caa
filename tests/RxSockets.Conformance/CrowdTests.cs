using System.Net;
using RxSockets.Testing;

namespace RxSockets.Conformance;

/// <summary>Ten thousand clients in another process, nine thousand of them silent. Not beside other cases: they would starve.</summary>
[Collection(nameof(Crowded))]
public class CrowdTests
{
    private const int Clients = 10_000;
    private const int Speaking = 1_000;

    public static TheoryData<EngineKind> Engines => new() { EngineKind.IoUring, EngineKind.Managed };

    [Theory]
    [TestDeadline(120)]
    [MemberData(nameof(Engines))]
    public async Task Exactly_the_silent_ones_are_dropped_by_one_timer_that_costs_next_to_nothing(EngineKind engine)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Reads the descriptor limit from /proc.");
        int files = OpenFileLimit();
        Assert.SkipWhen(files < Clients + 500, $"The limit of open files is {files}; {Clients} connections need more.");
        var limit = TimeSpan.FromSeconds(2);
        var time = new MeasuringTime();
        var counters = new ConnectionCounters();
        await using var port = new TestPort(engine, CompletionScheduling.ThreadPool);
        await using RxListener listener = port.Listen(static options => options.Backlog = 4096);
        int accepted = 0, spoke = 0, left = 0;
        var all = new TaskCompletionSource();
        var connections = new List<RxConnection>(Clients);
        using IDisposable serving = listener.Accepted.DropSilent(limit, time, counters: counters).Subscribe(connection =>
        {
            lock (connections)
                connections.Add(connection);
            if (Interlocked.Increment(ref accepted) == Clients)
                all.SetResult();
            connection.Received.Subscribe(_ => Interlocked.Increment(ref spoke), _ => Interlocked.Increment(ref left), () => Interlocked.Increment(ref left));
        });
        using var child = new ChildProcess("crowd", $"{((IPEndPoint)listener.LocalEndPoint).Port}", $"{Clients}", $"{Speaking}");
        Assert.Equal("connected", await child.ReadLineAsync(TimeSpan.FromSeconds(60)));
        await all.Task.Within();
        await Deadline.EventuallyAsync(() => counters.DroppedSilent >= Clients - Speaking);
        // Closed is told when the handle is closed, and with it the peer was reset.
        RxConnection[] silent = [.. connections.Where(static connection => connection.BytesReceived == 0)];
        await Task.WhenAll(silent.Select(static connection => connection.Closed)).Within();
        child.CloseInput();
        Assert.Equal($"reset {Clients - Speaking} silent, 0 speaking", await child.ReadLineAsync());
        await child.EndedAsync();

        Assert.Equal(Clients - Speaking, counters.DroppedSilent);
        Assert.Equal(Speaking, Volatile.Read(ref spoke));
        await Deadline.EventuallyAsync(() => Volatile.Read(ref left) == Clients);
        Assert.Equal(1, time.Timers);
        foreach (RxConnection connection in connections)
            await connection.DisposeAsync();

        // What a sweep costs that drops nobody, so not the longest ones: sweeps at this limit are half a second apart. Wall time, so a busy machine adds to it.
        TestContext.Current.TestOutputHelper?.WriteLine($"{time.Calls} sweeps, the lower quartile took {time.LowerQuartile.TotalMicroseconds:F0} us");
        Assert.InRange(time.LowerQuartile, TimeSpan.Zero, TimeSpan.FromMilliseconds(500 * 0.02));
    }

    private static int OpenFileLimit()
    {
        string line = File.ReadLines("/proc/self/limits").Single(static line => line.StartsWith("Max open files", StringComparison.Ordinal));
        string soft = line["Max open files".Length..].Split(' ', StringSplitOptions.RemoveEmptyEntries)[0];
        return soft == "unlimited" ? int.MaxValue : int.Parse(soft);
    }

    /// <summary>The system's clock; counts its timers and how long their callbacks take.</summary>
    private sealed class MeasuringTime : TimeProvider
    {
        private readonly List<TimeSpan> _calls = [];

        public int Timers { get; private set; }

        public int Calls => _calls.Count;

        public TimeSpan LowerQuartile => _calls.Order().ElementAt(_calls.Count / 4);

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            Timers++;
            return base.CreateTimer(
                state =>
                {
                    long started = System.GetTimestamp();
                    callback(state);
                    _calls.Add(System.GetElapsedTime(started));
                },
                state,
                dueTime,
                period);
        }
    }
}

[CollectionDefinition(nameof(Crowded), DisableParallelization = true)]
public class Crowded;
