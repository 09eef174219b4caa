using System.Buffers;

namespace RxSockets;

/// <summary>
/// The beginning of a frame, kept until the rest comes, for sources that keep nothing themselves. Holds less than the longest frame: the parser
/// refuses longer ones before they are kept. The buffer is rented and grows by doubling.
/// </summary>
internal sealed class FrameCarry : IDisposable
{
    private readonly MemoryPair _joined = new();
    private byte[] _bytes = [];
    private int _count;

    /// <summary>Gives a parser what is kept, and the segment behind it.</summary>
    public void Load<TFrame>(FrameParser<TFrame> parser, ReadOnlyMemory<byte> segment)
    {
        if (_count == 0)
            parser.Load(segment);
        else
            parser.Load(_joined.Join(_bytes.AsMemory(0, _count), segment));
    }

    /// <summary>Keeps what was joined and not consumed.</summary>
    public void Keep(ReadOnlyMemory<byte> segment, long consumed)
    {
        int dropped = (int)Math.Min(consumed, _count);
        ReadOnlySpan<byte> added = segment.Span[(int)(consumed - dropped)..];
        int kept = _count - dropped;
        if (kept + added.Length > _bytes.Length)
            Grow(dropped, kept, kept + added.Length);
        else if (dropped > 0)
            _bytes.AsSpan(dropped, kept).CopyTo(_bytes);
        added.CopyTo(_bytes.AsSpan(kept));
        _count = kept + added.Length;
    }

    public void Dispose()
    {
        Return();
        _bytes = [];
        _count = 0;
    }

    private void Grow(int from, int count, int needed)
    {
        byte[] larger = ArrayPool<byte>.Shared.Rent(Math.Max(needed, 2 * _bytes.Length));
        _bytes.AsSpan(from, count).CopyTo(larger);
        Return();
        _bytes = larger;
    }

    private void Return()
    {
        if (_bytes.Length > 0)
            ArrayPool<byte>.Shared.Return(_bytes);
    }
}
