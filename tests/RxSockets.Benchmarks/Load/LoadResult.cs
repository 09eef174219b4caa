namespace RxSockets.Benchmarks.Load;

/// <summary>What one run of the load generator saw while it measured.</summary>
/// <param name="Operations">How many ended; of what is counted in bytes (flows, files), so many bytes' worth.</param>
/// <param name="Seconds">In how long.</param>
/// <param name="ServerCpuSeconds">What the server's process used meanwhile.</param>
/// <param name="OwnCpuSeconds">What the load generator used.</param>
/// <param name="P50">Microseconds that half of the operations did not exceed.</param>
/// <param name="P99">The same of 99 in 100.</param>
/// <param name="P999">The same of 999 in 1,000.</param>
/// <param name="Errors">Connections that ended wrongly, and bytes too many or too few.</param>
/// <param name="Lost">Datagrams that did not come back.</param>
internal sealed record LoadResult(
    double Operations, double Seconds, double ServerCpuSeconds, double OwnCpuSeconds, int P50, int P99, int P999, long Errors, long Lost);
