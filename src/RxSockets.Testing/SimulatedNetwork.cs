using System.Net;
using System.Net.Sockets;
using System.Reactive.Concurrency;

namespace RxSockets.Testing;

/// <summary>
/// A network in memory, on virtual time: hosts, links, and completion ports on which RxSockets runs as on any engine, with its own state machines above.
/// One thread, one thing after the other, in an order that the seed decides: the same seed and the same code give the same <see cref="Trace"/>. Time costs nothing:
/// when nothing is left to do, the clock moves to the next moment at which something happens.
/// </summary>
public sealed class SimulatedNetwork
{
    private readonly List<SimulatedHost> _hosts = [];
    private readonly Dictionary<(SimulatedHost First, SimulatedHost Second), SimulatedLink> _links = [];
    private long _numbers;
    private int _running;

    /// <summary>Makes an empty network. The options are copied.</summary>
    /// <param name="seed">Decides everything that is left to chance.</param>
    /// <param name="options">Null for the defaults: nothing goes wrong.</param>
    /// <exception cref="ArgumentOutOfRangeException">An option is out of its range.</exception>
    public SimulatedNetwork(int seed, SimulatedNetworkOptions? options = null)
    {
        Seed = seed;
        Options = (options ?? new SimulatedNetworkOptions()).Validated();
        Loop = new SimulationLoop(new SimulationRandom((uint)seed)) { Reordering = Options.Faults.Reordering };
        Trace = new SimulationTrace(Options.MaxTraceEntries);
        Scheduler = new TimeProviderScheduler(TimeProvider);
    }

    /// <summary>The seed it was made with.</summary>
    public int Seed { get; }

    /// <summary>The virtual clock. Give it to everything that waits: operators, <c>Task.Delay</c>, <c>CancellationTokenSource</c>.</summary>
    public TimeProvider TimeProvider => Loop.Clock;

    /// <summary>The virtual clock for operators of Rx.</summary>
    public IScheduler Scheduler { get; }

    /// <summary>Virtual time since the network was made.</summary>
    public TimeSpan Elapsed => TimeSpan.FromTicks(Loop.Now);

    /// <summary>What happened so far.</summary>
    public SimulationTrace Trace { get; }

    /// <summary>
    /// How often code of a run went to another thread, by Task.Run, by ConfigureAwait(false) behind a Channel or semaphore, by Rx's default scheduler. Such code is waited for
    /// before time moves, as far as it can be seen, but its order is the thread pool's: while this is 0, a run can be replayed to the last step.
    /// </summary>
    public long StepsOnOtherThreads => Loop.ForeignEntries;

    internal SimulatedNetworkOptions Options { get; }

    internal SimulationLoop Loop { get; }

    internal HashSet<Pipe> Pipes { get; } = [];

    internal IReadOnlyList<SimulatedHost> Hosts => _hosts;

    /// <summary>A defect that the engine is to have.</summary>
    internal PlantedBug Bug { get; init; }

    /// <summary>Adds a host.</summary>
    /// <param name="name">For the trace.</param>
    public SimulatedHost AddHost(string name)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        lock (Loop.Sync)
        {
            var host = new SimulatedHost(this, name, _hosts.Count + 1);
            _hosts.Add(host);
            return host;
        }
    }

    /// <summary>The link between two hosts, or of a host to itself; made when first asked for.</summary>
    public SimulatedLink LinkBetween(SimulatedHost one, SimulatedHost other)
    {
        ArgumentNullException.ThrowIfNull(one);
        ArgumentNullException.ThrowIfNull(other);
        lock (Loop.Sync)
        {
            if (_links.TryGetValue((one, other), out SimulatedLink? link))
                return link;
            link = new SimulatedLink(this) { Latency = one == other ? TimeSpan.Zero : TimeSpan.FromMilliseconds(1) };
            return _links[(one, other)] = _links[(other, one)] = link;
        }
    }

    /// <summary>
    /// Runs the body on a thread of the simulation's own, until it has ended. Its awaits come back to that thread; what is open afterwards stays, for another run.
    /// </summary>
    /// <param name="body">What is to be simulated. It must not block.</param>
    /// <param name="timeLimit">How much virtual time it may take; null for no limit.</param>
    /// <exception cref="SimulationStuckException">The body waits for something that can never come, or for longer than the limit.</exception>
    /// <exception cref="InvalidOperationException">A run is under way.</exception>
    public Task RunAsync(Func<Task> body, TimeSpan? timeLimit = null)
    {
        ArgumentNullException.ThrowIfNull(body);
        if (Interlocked.Exchange(ref _running, 1) != 0)
            throw new InvalidOperationException("A run is under way: one at a time.");
        var ended = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var thread = new Thread(() => Run(body, timeLimit ?? Timeout.InfiniteTimeSpan, ended)) { IsBackground = true, Name = $"simulation {Seed}" };
        // A context of its own: what the caller's holds is not the simulation's.
        using (ExecutionContext.SuppressFlow())
            thread.Start();
        return ended.Task;
    }

    /// <summary>The same, waited for.</summary>
    /// <param name="body">What is to be simulated.</param>
    /// <param name="timeLimit">How much virtual time it may take; null for no limit.</param>
    public void Run(Func<Task> body, TimeSpan? timeLimit = null) => RunAsync(body, timeLimit).GetAwaiter().GetResult();

    /// <summary>
    /// Begins something as the body of a run is begun: its awaits come back to the simulation's thread. For handlers and OnNext, which run without a context, so that what they
    /// await by Channel, semaphore or Task.Yield does not go to the thread pool.
    /// </summary>
    /// <param name="body">Begun at once.</param>
    public Task InContext(Func<Task> body)
    {
        ArgumentNullException.ThrowIfNull(body);
        return Loop.InContext(body);
    }

    /// <summary>Every port that was made is shut down.</summary>
    internal bool IsShutDown
    {
        get
        {
            lock (Loop.Sync)
                return _hosts.TrueForAll(static host => host.Engines.TrueForAll(static engine => engine.IsShutDown));
        }
    }

    internal SimulatedHost? FindHost(IPAddress address) => _hosts.Find(host => host.IsOwn(address));

    /// <summary>Under the lock: chance, where this defect is planted.</summary>
    internal bool Plants(PlantedBug bug, int oneIn) => Bug == bug && Loop.Random.Below(oneIn) == 0;

    internal long NextNumber() => ++_numbers;

    /// <summary>Under the lock.</summary>
    internal void Record(SimulatedHost host, long subject, string what, long amount) =>
        Trace.Add(new TraceEntry(Elapsed, host.Name, subject, what, amount));

    /// <summary>What is above the engine broke the engine's rules: the run ends with that.</summary>
    internal void Violated(string rule) => Loop.Fail(new InvalidOperationException("The engine was misused: " + rule));

    /// <summary>Under the lock: a connection's two ends.</summary>
    internal WireEnd Connect(SimulatedLink link, EndPoint near, EndPoint far, SimulatedListener listener, out WireEnd other)
    {
        var there = new Pipe(this, link, Options.ConnectionCapacity);
        var back = new Pipe(this, link, Options.ConnectionCapacity);
        there.Reverse = back;
        back.Reverse = there;
        Pipes.Add(there);
        bool mapped = listener.LocalEndPoint.AddressFamily == AddressFamily.InterNetworkV6 && near.AddressFamily == AddressFamily.InterNetwork;
        other = new WireEnd(there, back, mapped ? Mapped(far) : far, mapped ? Mapped(near) : near);
        return new WireEnd(back, there, near, far);
    }

    /// <summary>Under the lock: the near end of what waits at a listener was never taken.</summary>
    internal void Abandon(WireEnd far)
    {
        far.Incoming.SendReset();
        far.Outgoing.CloseReader();
    }

    internal void Forget(Pipe pipe)
    {
        Pipes.Remove(pipe);
        Pipes.Remove(pipe.Reverse);
    }

    private static IPEndPoint Mapped(EndPoint endPoint) => new(((IPEndPoint)endPoint).Address.MapToIPv6(), ((IPEndPoint)endPoint).Port);

    private void Run(Func<Task> body, TimeSpan timeLimit, TaskCompletionSource ended)
    {
        Exception? failure = null;
        try
        {
            Loop.Run(body, timeLimit).GetAwaiter().GetResult();
        }
        catch (Exception error)
        {
            failure = error;
        }

        Volatile.Write(ref _running, 0);
        if (failure is null)
            ended.SetResult();
        else
            ended.SetException(failure);
    }
}
