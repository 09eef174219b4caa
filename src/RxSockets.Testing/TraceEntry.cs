using System.Globalization;

namespace RxSockets.Testing;

/// <summary>Something that happened in a simulation.</summary>
/// <param name="Time">When, since the simulation began.</param>
/// <param name="Host">At whose end of the network.</param>
/// <param name="Subject">Number of the socket, listener or connect; numbers are given out in order.</param>
/// <param name="What">What happened.</param>
/// <param name="Amount">How much of it, in bytes where bytes moved; else a detail of it, or 0.</param>
public readonly record struct TraceEntry(TimeSpan Time, string Host, long Subject, string What, long Amount)
{
    /// <summary>One line.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Time.TotalSeconds:0.0000000} {Host}#{Subject} {What} {Amount}");
}
