using System.Collections.Concurrent;
using System.Runtime.InteropServices;

namespace RxSockets.Operations;

/// <summary>
/// Where small pieces of a batch are brought together by copying. On the pinned heap, so that pinning costs nothing. From a pool that keeps
/// <see cref="PoolLimit"/>, 2 MiB for the process. Not thread-safe: its batch's.
/// </summary>
internal sealed class GatherBuffer
{
    public const int Capacity = 16384;

    private const int PoolLimit = 128;

    private static readonly ConcurrentQueue<GatherBuffer> s_pool = new();
    private static int s_pooled;

    private readonly Memory<byte> _memory = MemoryMarshal.CreateFromPinnedArray(GC.AllocateUninitializedArray<byte>(Capacity, pinned: true), 0, Capacity);
    private int _used;

    private GatherBuffer()
    {
    }

    /// <summary>What was gathered.</summary>
    public ReadOnlyMemory<byte> Gathered => _memory[.._used];

    /// <summary>The piece is what was gathered here.</summary>
    public bool IsGathered(ReadOnlyMemory<byte> piece) => piece.Equals(Gathered);

    public static GatherBuffer Rent()
    {
        if (!s_pool.TryDequeue(out GatherBuffer? buffer))
            return new GatherBuffer();
        Interlocked.Decrement(ref s_pooled);
        return buffer;
    }

    public bool Fits(int bytes) => bytes <= Capacity - _used;

    public void Add(ReadOnlySpan<byte> bytes)
    {
        bytes.CopyTo(_memory.Span[_used..]);
        _used += bytes.Length;
    }

    public void Return()
    {
        _used = 0;
        if (Interlocked.Increment(ref s_pooled) <= PoolLimit)
            s_pool.Enqueue(this);
        else
            Interlocked.Decrement(ref s_pooled);
    }
}
