namespace RxSockets.Benchmarks.Statistics;

/// <summary>A median with the 95 % interval around it.</summary>
internal readonly record struct Interval(double Median, double Low, double High);
