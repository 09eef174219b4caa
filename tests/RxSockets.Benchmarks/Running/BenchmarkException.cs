namespace RxSockets.Benchmarks.Running;

/// <summary>A process that takes part cannot go on; the message says why.</summary>
internal sealed class BenchmarkException(string message) : Exception(message);
