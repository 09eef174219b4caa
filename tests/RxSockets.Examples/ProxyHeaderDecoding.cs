using System.Text;
using Proxy;
using RxSockets.Testing;

namespace RxSockets.Examples;

/// <summary>The decoder of PROXY headers, fed as a connection would feed it.</summary>
internal static class ProxyHeaderDecoding
{
    /// <summary>
    /// What the decoder makes of a stream that comes in these pieces, as a text to compare: the header and its length, the error, or that more is wanted.
    /// </summary>
    public static string Decode(IReadOnlyList<byte[]> pieces)
    {
        var decoder = new ProxyHeaderDecoder();
        Piece[] linked = Piece.Link(pieces);
        long examined = 0;
        try
        {
            for (int count = 1; count <= pieces.Count; count++)
            {
                if (decoder.TryDecode(Piece.Sequence(linked[0], linked[count - 1]), ref examined, out long consumed, out ProxyHeader? header))
                    return $"{consumed} bytes: {Describe(header)}";
            }

            return "more";
        }
        catch (InvalidDataException error)
        {
            return error.Message;
        }
    }

    /// <summary>The same by the library's operator, without the length.</summary>
    public static async Task<string> DecodeFramesAsync(IReadOnlyList<byte[]> pieces)
    {
        try
        {
            IAsyncEnumerable<ReceivedSegment> segments = pieces.Select(static piece => ReceivedSegment.FromMemory(piece)).ToAsyncEnumerable();
            await foreach (ProxyHeader header in segments.Frames(new ProxyHeaderDecoder()))
                return Describe(header);
            return "nothing";
        }
        catch (EndOfStreamException)
        {
            return "more";
        }
        catch (InvalidDataException error)
        {
            return error.Message;
        }
    }

    public static string Decode(string latin1) => Decode([Encoding.Latin1.GetBytes(latin1)]);

    public static string Describe(ProxyHeader header) => $"{header.Family} {header}{Convert.ToHexString(header.UnixPaths.Span)}";

    /// <summary>Pieces of 1 to 17 bytes, as the cuts say.</summary>
    public static List<byte[]> Split(byte[] stream, IReadOnlyList<int> cuts) => Piece.Cut(stream, [.. cuts.Select(static cut => 1 + (cut % 17))]);
}
