using System.Diagnostics.CodeAnalysis;

namespace RxSockets;

/// <summary>
/// A decoder that has a shorter way for bytes that lie in one piece, as nearly all frames do. Same contract and same frames as through
/// <see cref="IFrameDecoder{TFrame}"/>; it spares the slicing of sequences, which costs more than the search of a short frame.
/// </summary>
internal interface IPieceDecoder<TFrame> : IFrameDecoder<TFrame>
{
    bool TryDecode(ReadOnlyMemory<byte> piece, ref long examined, out int consumed, [MaybeNullWhen(false)] out TFrame frame);
}
