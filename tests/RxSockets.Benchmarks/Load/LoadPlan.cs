namespace RxSockets.Benchmarks.Load;

/// <summary>What one run of the load generator does, as it is told in a line of JSON.</summary>
/// <param name="Mode">What each connection does; see <see cref="Exchange"/>.</param>
/// <param name="Port">The server's port on 127.0.0.1.</param>
/// <param name="Connections">How many at a time.</param>
/// <param name="Bytes">The length of a message, write or file.</param>
/// <param name="WarmSeconds">How long the load runs before it reports itself warm.</param>
/// <param name="Seconds">How long is measured.</param>
/// <param name="ServerId">The process whose CPU time is looked at.</param>
internal sealed record LoadPlan(LoadMode Mode, int Port, int Connections, long Bytes, double WarmSeconds, double Seconds, int ServerId);
