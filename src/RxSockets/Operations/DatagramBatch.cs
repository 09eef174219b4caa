using System.Net;
using System.Runtime.InteropServices;

namespace RxSockets.Operations;

/// <summary>
/// Datagrams that are handed to the engine in one go, each of one or several pieces of memory. One per socket, reused; owned by the engine from
/// <c>StartSend</c> until the send ended. The memory and the addresses stay borrowed from their operations for that time.
/// </summary>
internal sealed class DatagramBatch
{
    /// <summary>Most datagrams of one batch: enough to make the call's own cost vanish.</summary>
    public const int MaxDatagrams = 64;

    /// <summary>Most pieces of one datagram; one of more pieces is put together in a buffer first.</summary>
    public const int MaxPiecesOfOne = 16;

    private Entry[] _entries = new Entry[1];
    private ReadOnlyMemory<byte>[] _pieces = new ReadOnlyMemory<byte>[1];
    private int _pieceCount;
    private int _transmits;

    public int Count { get; private set; }

    public bool IsFull => Count == MaxDatagrams;

    /// <summary>All of it was given to TransmitPackets: the engine may use the system's.</summary>
    public bool IsTransmit => Count > 0 && _transmits == Count;

    public ReadOnlySpan<Entry> Datagrams => _entries.AsSpan(0, Count);

    /// <summary>The pieces of all datagrams, in order.</summary>
    public ReadOnlySpan<ReadOnlyMemory<byte>> Pieces => _pieces.AsSpan(0, _pieceCount);

    public ReadOnlySpan<ReadOnlyMemory<byte>> PiecesOf(int datagram) => _pieces.AsSpan(_entries[datagram].FirstPiece, _entries[datagram].PieceCount);

    /// <summary>Begins a datagram of TransmitPackets, without a byte.</summary>
    public void BeginTransmit()
    {
        Begin(destination: null);
        _transmits++;
    }

    /// <summary>Begins a datagram without a byte. <paramref name="destination"/>: null where the socket is connected.</summary>
    public void Begin(SocketAddress? destination)
    {
        if (Count == _entries.Length)
            Array.Resize(ref _entries, Math.Min(MaxDatagrams, Count * 4));
        _entries[Count++] = new Entry { Destination = destination, FirstPiece = _pieceCount };
    }

    /// <summary>Adds to the datagram that was begun last.</summary>
    public void AddPiece(ReadOnlyMemory<byte> piece)
    {
        if (piece.IsEmpty)
            return;
        if (_pieceCount == _pieces.Length)
            Array.Resize(ref _pieces, _pieceCount * 4);
        _pieces[_pieceCount++] = piece;
        ref Entry entry = ref _entries[Count - 1];
        entry.PieceCount++;
        entry.Bytes += piece.Length;
    }

    public void Clear()
    {
        _pieces.AsSpan(0, _pieceCount).Clear();
        _entries.AsSpan(0, Count).Clear();
        Count = 0;
        _pieceCount = 0;
        _transmits = 0;
    }

    /// <summary>One datagram of the batch.</summary>
    [StructLayout(LayoutKind.Auto)]
    public struct Entry
    {
        public SocketAddress? Destination;
        public int FirstPiece;
        public int PieceCount;
        public int Bytes;
    }
}
