using System.Collections.Concurrent;
using System.Net;
using RxSockets.Testing;

namespace RxSockets.Conformance;

/// <summary>
/// The simulated engine as one of the engines: a network of one host that runs by itself. A plain socket cannot reach it, nor it a plain socket: such cases are skipped with
/// that reason, and those with RxSockets at both ends run.
/// </summary>
internal static class SimulatedNetworks
{
    private const string Reason = "Simulated: the network is memory, and a plain socket is not on it.";

    private static readonly ConcurrentDictionary<EndPoint, bool> s_simulated = new();
    private static readonly ConcurrentDictionary<EndPoint, bool> s_real = new();
    private static int s_lastSeed;

    public static CompletionPort CreatePort(CompletionPortOptions options)
    {
        var network = new SimulatedNetwork(Interlocked.Increment(ref s_lastSeed));
        network.Loop.GoLive();
        return network.AddHost("host").CreatePort(options);
    }

    /// <summary>For a case that gets to a plain socket, or to what only a kernel does, on a way of its own.</summary>
    public static void SkipIf(EngineKind engine) => Assert.SkipWhen(engine == EngineKind.Simulated, Reason);

    public static void Add(EndPoint endPoint) => s_simulated[endPoint] = true;

    public static void AddReal(EndPoint endPoint) => s_real[endPoint] = true;

    public static void SkipIfSimulated(EndPoint endPoint) => Assert.SkipWhen(s_simulated.ContainsKey(endPoint), Reason);

    public static void SkipIfReal(EndPoint endPoint) => Assert.SkipWhen(s_real.ContainsKey(endPoint), Reason);
}
