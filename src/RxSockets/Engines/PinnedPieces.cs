using System.Buffers;

namespace RxSockets.Engines;

/// <summary>
/// The pieces of memory that a native call uses, pinned until its last completion: all of them, or none where the owner of one throws. Keeps its array from
/// one batch to the next. One batch at a time.
/// </summary>
internal unsafe struct PinnedPieces
{
    private MemoryHandle[]? _handles;
    private int _count;

    /// <summary>Pins them. Throws what a piece's owner throws, and has pinned nothing then.</summary>
    /// <param name="pieces">The memory.</param>
    /// <param name="usual">Room made at once for more than one piece.</param>
    public void Pin(ReadOnlySpan<ReadOnlyMemory<byte>> pieces, int usual)
    {
        if (_handles is null || _handles.Length < pieces.Length)
            _handles = new MemoryHandle[pieces.Length <= 1 ? 1 : Math.Max(pieces.Length, usual)];
        try
        {
            for (_count = 0; _count < pieces.Length; _count++)
                _handles[_count] = pieces[_count].Pin();
        }
        catch
        {
            Unpin();
            throw;
        }
    }

    public readonly byte* Pointer(int piece) => (byte*)_handles![piece].Pointer;

    public void Unpin()
    {
        for (int i = 0; i < _count; i++)
        {
            _handles![i].Dispose();
            _handles[i] = default;
        }

        _count = 0;
    }
}
