using System.Net;
using System.Net.Sockets;
using RxSockets.Testing;

namespace RxSockets.Tests.Simulation;

/// <summary>How a server is tested on a simulated network: docs/testing.md shows this one.</summary>
public class ChatServerTests
{
    private static readonly TimeSpan s_evening = TimeSpan.FromSeconds(10_000);

    [Fact]
    public async Task Ten_thousand_seconds_with_a_guest_that_stalls_and_one_behind_a_partition()
    {
        long started = TimeProvider.System.GetTimestamp();
        Evening first = await Evening.SpendAsync(seed: 42);
        TimeSpan took = TimeProvider.System.GetElapsedTime(started);

        // Alice says something every ten seconds and hears all of it, whatever becomes of the others.
        Assert.Equal(Enumerable.Range(0, 1000).Select(static i => $"alice: {i}"), first.HeardByAlice.Where(static line => line.StartsWith("alice: ", StringComparison.Ordinal)));
        // The one who stalls says nothing either: after 300 s it goes.
        Assert.Contains("* stalling left", first.HeardByAlice);
        Assert.InRange(first.StallingLeftAt, TimeSpan.FromSeconds(300), TimeSpan.FromSeconds(302));
        // What is said while Bob cannot be reached comes to him afterwards, in order and whole.
        Assert.Equal(first.HeardByAlice.SkipWhile(static line => line != "* bob joined"), first.HeardByBob);
        Assert.Equal(0, first.StepsOnOtherThreads);
        TestContext.Current.TestOutputHelper?.WriteLine($"{s_evening} of virtual time in {took.TotalMilliseconds:0} ms.");

        Evening second = await Evening.SpendAsync(seed: 42);
        Assert.Equal((first.Events, first.Hash), (second.Events, second.Hash));
    }

    /// <summary>One evening in the chat room.</summary>
    private sealed class Evening(int seed)
    {
        private readonly SimulatedNetwork _network = new(seed);
        private CompletionPort _clients = null!;
        private EndPoint _server = null!;

        public List<string> HeardByAlice { get; } = [];

        public List<string> HeardByBob { get; } = [];

        public TimeSpan StallingLeftAt { get; private set; }

        public long StepsOnOtherThreads => _network.StepsOnOtherThreads;

        public long Events => _network.Trace.Count;

        public ulong Hash => _network.Trace.Hash;

        public static async Task<Evening> SpendAsync(int seed)
        {
            var evening = new Evening(seed);
            await evening._network.RunAsync(evening.SpendAsync, timeLimit: 2 * s_evening);
            return evening;
        }

        private async Task SpendAsync()
        {
            SimulatedHost house = _network.AddHost("house"), street = _network.AddHost("street"), hill = _network.AddHost("hill");
            SimulatedLink toTheHill = _network.LinkBetween(house, hill);
            toTheHill.Latency = TimeSpan.FromMilliseconds(80);
            toTheHill.Jitter = TimeSpan.FromMilliseconds(20);
            await using CompletionPort port = house.CreatePort(), hillPort = hill.CreatePort();
            await using CompletionPort streetPort = _clients = street.CreatePort();
            using var chat = new ChatServer(_network.TimeProvider);
            await using RxListener listener = chat.Listen(new IPEndPoint(house.Address, 7001), port);
            _server = listener.LocalEndPoint;

            RxConnection alice = await EnterAsync("alice", _clients);
            Task hearing = HearAsync(alice, HeardByAlice);
            RxConnection stalling = await EnterAsync("stalling", _clients);
            RxConnection bob = await EnterAsync("bob", hillPort);
            Task bobHearing = HearAsync(bob, HeardByBob);
            Task bobTalking = RepeatAsync(bob, "well", TimeSpan.FromSeconds(200), 50);
            Task trouble = PartitionAsync(toTheHill);

            await RepeatAsync(alice, "", TimeSpan.FromSeconds(10), 1000);
            Assert.Equal(["alice", "bob"], chat.Names.Order());
            await Task.WhenAll(trouble, bobTalking);
            await alice.DisposeAsync();
            await bob.DisposeAsync();
            await stalling.DisposeAsync();
            await Task.WhenAll(hearing, bobHearing);
        }

        private async Task<RxConnection> EnterAsync(string name, CompletionPort port)
        {
            RxConnection guest = await RxConnection.ConnectAsync(_server, options: new ConnectOptions { CompletionPort = port });
            await guest.SendLineAsync(name);
            // Until it is in the room; what comes next it hears.
            await Task.Delay(TimeSpan.FromSeconds(1), _network.TimeProvider);
            return guest;
        }

        private async Task RepeatAsync(RxConnection guest, string what, TimeSpan pause, int times)
        {
            for (int i = 0; i < times; i++)
            {
                await guest.SendLineAsync(what.Length > 0 ? what : $"{i}");
                await Task.Delay(pause, _network.TimeProvider);
            }
        }

        private async Task HearAsync(RxConnection guest, List<string> heard)
        {
            try
            {
                await foreach (string line in guest.ReceiveAllAsync().Lines())
                {
                    heard.Add(line);
                    if (line == "* stalling left")
                        StallingLeftAt = _network.Elapsed;
                }
            }
            catch (SocketException)
            {
                // It went home.
            }
        }

        private async Task PartitionAsync(SimulatedLink link)
        {
            for (int i = 0; i < 10; i++)
            {
                await Task.Delay(TimeSpan.FromSeconds(800), _network.TimeProvider);
                link.Partition();
                await Task.Delay(TimeSpan.FromSeconds(60), _network.TimeProvider);
                link.Heal();
            }
        }
    }
}
