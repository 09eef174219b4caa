using System.Buffers;
using System.Diagnostics.CodeAnalysis;

namespace RxSockets;

/// <summary>
/// What every form of a framing operator shares: walks the bytes that are there frame by frame, enforces the decoder's limit, and tells a clean
/// end from a truncated frame. It says how much it consumed; whoever feeds it keeps the rest. One per subscription, one thread at a time.
/// </summary>
internal sealed class FrameParser<TFrame>(IFrameDecoder<TFrame> decoder)
{
    private readonly IPieceDecoder<TFrame>? _pieces = decoder as IPieceDecoder<TFrame>;
    private readonly long _maxLength = decoder.MaxLength;

    // What is not consumed: in _rest while it is spread over pieces (and for decoders that only know sequences), else in _piece from _offset on.
    // An offset, since to write a shorter ReadOnlyMemory for each frame costs a barrier each.
    private ReadOnlySequence<byte> _rest;
    private ReadOnlyMemory<byte> _piece;
    private int _offset;
    private bool _inPiece;
    private long _examined;
    private long _seen;

    /// <summary>Bytes consumed of what was loaded.</summary>
    public long Consumed { get; private set; }

    /// <summary>Bytes behind the last frame that were looked at: the beginning of a frame that is not there yet.</summary>
    public long Seen => _seen;

    /// <summary>What is there from the first byte not consumed: at least what was there before.</summary>
    public void Load(in ReadOnlySequence<byte> bytes)
    {
        Consumed = 0;
        _rest = bytes;
        LookForPiece();
    }

    /// <summary>The same, in one piece.</summary>
    public void Load(ReadOnlyMemory<byte> bytes)
    {
        Consumed = 0;
        _inPiece = _pieces is not null;
        _piece = bytes;
        _offset = 0;
        if (!_inPiece)
            _rest = new ReadOnlySequence<byte>(bytes);
    }

    /// <summary>The next frame. Whatever it throws ends the stream.</summary>
    public bool TryNext([MaybeNullWhen(false)] out TFrame frame)
    {
        if (!_inPiece)
            return TryNextOfSequence(out frame);
        ReadOnlyMemory<byte> piece = _piece[_offset..];
        int length = piece.Length;
        if (length <= _seen)
        {
            frame = default;
            return false;
        }

        if (!_pieces!.TryDecode(piece, ref _examined, out int consumed, out frame))
            return NotYet(length);
        _examined = _seen = 0;
        Consumed += consumed;
        _offset += consumed;
        return true;
    }

    /// <summary>What the end of the stream means here: null for a clean end.</summary>
    public EndOfStreamException? CreateEndError() =>
        _seen == 0 ? null : new EndOfStreamException($"The stream ended {_seen} bytes into a frame.");

    private bool TryNextOfSequence([MaybeNullWhen(false)] out TFrame frame)
    {
        long length = _rest.Length;
        if (length <= _seen)
        {
            frame = default;
            return false;
        }

        if (!decoder.TryDecode(_rest, ref _examined, out long consumed, out frame))
            return NotYet(length);
        if (consumed < 1 || consumed > length)
            throw new InvalidOperationException($"The decoder says that a frame takes {consumed} of {length} bytes.");
        _examined = _seen = 0;
        Consumed += consumed;
        _rest = _rest.Slice(consumed);
        LookForPiece();
        return true;
    }

    private void LookForPiece()
    {
        _inPiece = _pieces is not null && _rest.IsSingleSegment;
        if (!_inPiece)
            return;
        _piece = _rest.First;
        _offset = 0;
    }

    private bool NotYet(long length)
    {
        _seen = length;
        if (length >= _maxLength)
            throw new FrameTooLongException(_maxLength);
        return false;
    }
}
