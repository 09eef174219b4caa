namespace RxSockets.Operations;

/// <summary>
/// Memory that leaves as one vectored send. One per connection, reused; owned by the engine from <c>StartSend</c> until the send ended, when
/// every byte was taken or an error came. The memory stays borrowed from the callers of SendAsync for that time.
/// </summary>
internal sealed class SendBatch
{
    /// <summary>Most pieces of one vectored send: far below IOV_MAX (1,024), enough to make the call's own cost vanish.</summary>
    public const int MaxPieces = 64;

    private ReadOnlyMemory<byte>[] _pieces = new ReadOnlyMemory<byte>[1];

    public int Count { get; private set; }

    public long Bytes { get; private set; }

    public ReadOnlySpan<ReadOnlyMemory<byte>> Pieces => _pieces.AsSpan(0, Count);

    public bool IsFull => Count == MaxPieces;

    /// <summary>Adds a piece that is not empty.</summary>
    public void Add(ReadOnlyMemory<byte> piece)
    {
        if (Count == _pieces.Length)
            Array.Resize(ref _pieces, Math.Min(MaxPieces, Count * 4));
        _pieces[Count++] = piece;
        Bytes += piece.Length;
    }

    public void Clear()
    {
        _pieces.AsSpan(0, Count).Clear();
        Count = 0;
        Bytes = 0;
    }
}
