using System.Runtime.InteropServices;

namespace RxSockets.Buffers;

/// <summary>Memory on the pinned object heap: it never moves, and pinning a slice of it costs nothing.</summary>
internal static class PinnedMemory
{
    public static Memory<byte> Allocate(int bytes) =>
        MemoryMarshal.CreateFromPinnedArray(GC.AllocateUninitializedArray<byte>(bytes, pinned: true), 0, bytes);

    /// <summary>Throws what pinning the memory would: an array never does, memory of a kind of the user's own may.</summary>
    public static void Check(ReadOnlyMemory<byte> memory)
    {
        if (!MemoryMarshal.TryGetArray(memory, out _))
            memory.Pin().Dispose();
    }
}
