using System.Buffers;
using System.Diagnostics.CodeAnalysis;

namespace RxSockets;

/// <summary>
/// Finds frames in a stream of bytes. Owns no bytes and keeps no state: what one call wants to tell the next is in its arguments, so one
/// instance may serve any number of connections at a time.
/// </summary>
/// <typeparam name="TFrame">What a frame becomes: often a lent <see cref="ReadOnlySequence{T}"/> of bytes, valid as long as the bytes given.</typeparam>
public interface IFrameDecoder<TFrame>
{
    /// <summary>
    /// The most bytes a frame may take, with all that belongs to it (prefix, delimiter). Where so many bytes are there and no frame is found,
    /// the stream fails with <see cref="FrameTooLongException"/>; so no decoder can make its reader hold more.
    /// </summary>
    long MaxLength { get; }

    /// <summary>Looks for one frame at the beginning of the bytes. Whatever it throws ends the stream; the bytes stay unread.</summary>
    /// <param name="bytes">What is there, from the first byte not consumed; never empty. More at each call for the same frame.</param>
    /// <param name="examined">
    /// 0 at the first call for a frame; then what the last call left here. For the decoder's own use, to go on searching where it stopped:
    /// without it a frame that comes in many pieces is searched from its beginning each time.
    /// </param>
    /// <param name="consumed">With a frame: the bytes it takes, at least one, delimiter and prefix included.</param>
    /// <param name="frame">The frame.</param>
    /// <returns>False when a whole frame is not there yet.</returns>
    bool TryDecode(in ReadOnlySequence<byte> bytes, ref long examined, out long consumed, [MaybeNullWhen(false)] out TFrame frame);
}
