using RxSockets.Testing;

namespace RxSockets.Hunt;

/// <summary>
/// What a seed's world is like. Each fault is absent in half of the worlds: what one fault hides, a world without it shows ("swarm testing").
/// </summary>
internal sealed class Swarm
{
    public Swarm(SimulationRandom random)
    {
        double errors = random.Below(3) switch { 0 => 0, 1 => 0.005, _ => 0.1 + (0.1 * random.NextDouble()) };
        Network = new SimulatedNetworkOptions
        {
            ConnectionCapacity = random.Pick([64, 500, 4000, 20_000, 131_072]),
            ConnectTimeout = TimeSpan.FromSeconds(10),
            RetransmissionTimeout = TimeSpan.FromSeconds(20),
            DescriptorsPerHost = random.Pick([4, 8, 1000, 1000]),
            MaxTraceEntries = 0,
            Faults = new SimulatedFaults
            {
                PartialReceive = Maybe(1),
                PartialSend = Maybe(0.5),
                ReceiveError = random.Below(2) * errors,
                SendError = random.Below(2) * errors,
                AcceptError = Maybe(0.2),
                ConnectError = Maybe(0.2),
                CloseError = Maybe(0.2),
                LateCompletion = Maybe(0.5),
                MaxLateness = TimeSpan.FromMilliseconds(random.Pick([1, 20, 300])),
                CancelRefused = Maybe(1),
                MultishotEnd = Maybe(0.5),
                CompletionOverflow = Maybe(0.1),
                StaleCompletion = Maybe(0.5),
                Reordering = Maybe(1),
            },
        };
        Latency = TimeSpan.FromMilliseconds(random.Pick([0, 1, 50]));
        Jitter = TimeSpan.FromMilliseconds(random.Pick([0, 0, 30]));
        BytesPerSecond = random.Pick([0L, 0L, 100_000L]);
        Partitions = random.Below(4) == 0 ? 1 + random.Below(3) : 0;
        Resets = random.Below(4) == 0 ? 1 + random.Below(3) : 0;
        Clients = 2 + random.Below(8);
        Sessions = 1 + random.Below(3);
        FramesPerStream = random.Pick([0, 3, 20, 40]);
        LongestFrame = random.Pick([16, 300, 3000]);
        Pools = random.Below(2) == 0;
        Datagrams = random.Below(2) == 0;
        DatagramLoss = Maybe(0.3);
        FirstDataBytes = random.Below(4) == 0 ? 1 + random.Below(100) : 0;

        double Maybe(double most) => random.Below(2) == 0 ? 0 : most * random.NextDouble();
    }

    public SimulatedNetworkOptions Network { get; }

    public TimeSpan Latency { get; }

    public TimeSpan Jitter { get; }

    public long BytesPerSecond { get; }

    public int Partitions { get; }

    public int Resets { get; }

    public int Clients { get; }

    /// <summary>Connections that a client makes one after the other.</summary>
    public int Sessions { get; }

    public int FramesPerStream { get; }

    public int LongestFrame { get; }

    /// <summary>Clients have a pool of handles.</summary>
    public bool Pools { get; }

    /// <summary>Two datagram sockets talk as well.</summary>
    public bool Datagrams { get; }

    public double DatagramLoss { get; }

    public int FirstDataBytes { get; }

    public static CompletionPortOptions Port(SimulationRandom random)
    {
        int size = random.Pick([256, 256, 1024, 16384]);
        int buffers = random.Pick([1, 2, 8]);
        return new CompletionPortOptions
        {
            ReceiveBufferSize = size,
            ReceiveBuffers = buffers,
            MaxReceiveBufferBytes = (long)size * buffers * random.Pick([1, 4, 100]),
            ReceiveLimit = random.Pick([1, 1000, 65536]),
            MaxQueuedBytes = random.Pick([1, 100, 10_000, 1 << 20]),
            CloseTimeout = TimeSpan.FromSeconds(random.Pick([1, 5])),
        };
    }
}
