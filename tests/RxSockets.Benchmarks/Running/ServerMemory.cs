namespace RxSockets.Benchmarks.Running;

/// <summary>What a server says of its memory.</summary>
/// <param name="Allocated">Bytes allocated on the managed heap since its start.</param>
/// <param name="Live">Bytes that live there; after a full collection if one was asked for.</param>
internal sealed record ServerMemory(long Allocated, long Live);
