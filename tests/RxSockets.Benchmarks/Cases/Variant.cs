using RxSockets.Benchmarks.Load;
using RxSockets.Benchmarks.Servers;

namespace RxSockets.Benchmarks.Cases;

/// <summary>What a candidate serves in a case, and how it is asked.</summary>
/// <param name="Label">Follows the candidate's name; empty where there is one variant.</param>
/// <param name="Service">What the server does.</param>
/// <param name="Mode">What the load generator does.</param>
/// <param name="Bytes">The length of a message, write or file.</param>
internal sealed record Variant(string Label, Service Service, LoadMode Mode, long Bytes);
