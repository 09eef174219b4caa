using System.Collections.Concurrent;
using System.Runtime.InteropServices;

namespace RxSockets.Operations;

/// <summary>
/// Where small pieces of a batch are brought together by copying. On the pinned heap, so that pinning costs nothing. The process has
/// <see cref="Limit"/> of them, 4 MiB, however many batches wait for peers that do not read; none is made before it is needed. Not thread-safe: its batch's.
/// </summary>
internal sealed class GatherBuffer
{
    public const int Capacity = 16384;

    /// <summary>Buffers there are at most; a batch that gets none leaves its pieces where they are.</summary>
    public const int Limit = 256;

    private static readonly ConcurrentQueue<GatherBuffer> s_pool = new();
    private static int s_made;

    private readonly Memory<byte> _memory = MemoryMarshal.CreateFromPinnedArray(GC.AllocateUninitializedArray<byte>(Capacity, pinned: true), 0, Capacity);
    private int _used;

    private GatherBuffer()
    {
    }

    /// <summary>What was gathered.</summary>
    public ReadOnlyMemory<byte> Gathered => _memory[.._used];

    /// <summary>The piece is what was gathered here.</summary>
    public bool IsGathered(ReadOnlyMemory<byte> piece) => piece.Equals(Gathered);

    /// <summary>Null when all are in use.</summary>
    public static GatherBuffer? TryRent()
    {
        if (s_pool.TryDequeue(out GatherBuffer? buffer))
            return buffer;
        if (Interlocked.Increment(ref s_made) <= Limit)
            return new GatherBuffer();
        Interlocked.Decrement(ref s_made);
        return null;
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
        s_pool.Enqueue(this);
    }
}
