namespace RxSockets.Benchmarks.Load;

/// <summary>One ready socket.</summary>
internal readonly record struct Readiness(int Index, bool CanRead, bool CanWrite);
