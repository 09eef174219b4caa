using System.Runtime.InteropServices;

namespace RxSockets.Operations;

/// <summary>
/// Memory that leaves as one vectored send. One per connection, reused; owned by the engine from <c>StartSend</c> until the send ended, when
/// every byte was taken or an error came. The memory stays borrowed from the callers of SendAsync for that time.
/// Small arrays that follow one another are copied together and are one piece: to pin an array and describe it to the kernel costs more than to copy a kilobyte.
/// </summary>
internal sealed class SendBatch
{
    /// <summary>Most pieces of one vectored send: far below IOV_MAX (1,024), enough to make the call's own cost vanish.</summary>
    public const int MaxPieces = 64;

    /// <summary>Up to here a piece is copied, if its neighbour is.</summary>
    public const int SmallBytes = 1024;

    private ReadOnlyMemory<byte>[] _pieces = new ReadOnlyMemory<byte>[1];
    private GatherBuffer? _gather;
    private bool _isLastSmall;

    public int Count { get; private set; }

    public long Bytes { get; private set; }

    public ReadOnlySpan<ReadOnlyMemory<byte>> Pieces => _pieces.AsSpan(0, Count);

    public bool IsFull => Count == MaxPieces;

    /// <summary>Adds a piece that is not empty.</summary>
    public void Add(ReadOnlyMemory<byte> piece)
    {
        // Memory that is not an array may throw when it is touched, and to pin it may cost nothing: that is left to the engine.
        bool isSmall = piece.Length <= SmallBytes && MemoryMarshal.TryGetArray(piece, out _);
        if (!(isSmall && _isLastSmall && TryGather(piece)))
            Append(piece);
        Bytes += piece.Length;
        _isLastSmall = isSmall;
    }

    public void Clear()
    {
        _pieces.AsSpan(0, Count).Clear();
        Count = 0;
        Bytes = 0;
        _isLastSmall = false;
        _gather?.Return();
        _gather = null;
    }

    // Behind the last piece, which is gathered already or small as well. One buffer for each batch: when it is full, or something else came between, what follows is on its own.
    private bool TryGather(ReadOnlyMemory<byte> piece)
    {
        ref ReadOnlyMemory<byte> last = ref _pieces[Count - 1];
        if (_gather is null)
        {
            _gather = GatherBuffer.TryRent();
            if (_gather is null)
                return false;
            _gather.Add(last.Span);
        }
        else if (!_gather.IsGathered(last) || !_gather.Fits(piece.Length))
        {
            return false;
        }

        _gather.Add(piece.Span);
        last = _gather.Gathered;
        return true;
    }

    private void Append(ReadOnlyMemory<byte> piece)
    {
        if (Count == _pieces.Length)
            Array.Resize(ref _pieces, Math.Min(MaxPieces, Count * 4));
        _pieces[Count++] = piece;
    }
}
