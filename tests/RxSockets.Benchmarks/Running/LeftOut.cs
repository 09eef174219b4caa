namespace RxSockets.Benchmarks.Running;

/// <summary>Who is not in a table, and why.</summary>
internal sealed record LeftOut(string Label, string Reason);
