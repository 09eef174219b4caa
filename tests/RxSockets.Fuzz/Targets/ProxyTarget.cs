using Proxy;
using RxSockets.Testing;

namespace RxSockets.Fuzz.Targets;

/// <summary>
/// The PROXY header, version 1 and 2: one answer in any split, of the documented ones; nothing is told of a header that is not there whole; what was read says the same
/// when it is written again.
/// </summary>
internal static class ProxyTarget
{
    private const string More = "more";

    public static void Run(ReadOnlySpan<byte> data)
    {
        var input = new FuzzInput(data);
        byte[] cuts = input.Cuts(), stream = input.Rest();
        if (stream.Length == 0)
            return;
        List<byte[]> pieces = FuzzInput.Split(stream, cuts);
        string answer = Decode([stream], out ProxyHeader? header, out long consumed);
        FindingException.UnlessEqual(answer, Decode(pieces, out _, out long split), $"{pieces.Count} pieces");
        FindingException.UnlessEqual(consumed, split, "bytes that are consumed");
        FindingException.UnlessEqual(answer, Framed(pieces), "the framing operator");
        int most = stream[0] == 'P' ? ProxyHeaderDecoder.MaxLineBytes : ProxyHeaderDecoder.MaxBlockBytes;
        if (answer == More)
            FindingException.Unless(stream.Length < most, $"more is wanted of {stream.Length} bytes");
        if (header is null)
            return;
        FindingException.Unless(consumed > 0 && consumed <= most, $"a header of {consumed} bytes");
        // Every beginning of it is one, as far as that takes no long time.
        foreach (int length in Enumerable.Range(1, (int)consumed - 1).Where(length => length < 128 || length == consumed - 1))
            FindingException.UnlessEqual(More, Decode([stream[..length]], out _, out _), $"the first {length} of {consumed} bytes");
        MustReadBack(header, ProxyVersion.V2, Describe(header));
        // Version 1 has no words for the others. Of IPv4 it has one form only.
        MustReadBack(header, ProxyVersion.V1, Describe(header.Source is null ? ProxyHeader.Unknown : header));
        if (header.Family == ProxyFamily.Tcp4 && stream.AsSpan().StartsWith("PROXY TCP4"u8))
            FindingException.Unless(stream.AsSpan().StartsWith(ProxyHeaderWriter.Write(header, ProxyVersion.V1)), $"another form of {answer} was taken");
    }

    private static void MustReadBack(ProxyHeader header, ProxyVersion version, string expected)
    {
        byte[] written = ProxyHeaderWriter.Write(header, version);
        FindingException.UnlessEqual(expected, Decode([written], out _, out long consumed), $"written as {version}");
        FindingException.UnlessEqual(written.Length, consumed, $"bytes of it as {version}");
    }

    private static string Decode(IReadOnlyList<byte[]> pieces, out ProxyHeader? header, out long consumed)
    {
        var decoder = new ProxyHeaderDecoder();
        Piece[] linked = Piece.Link(pieces);
        long examined = 0;
        header = null;
        consumed = 0;
        try
        {
            for (int count = 1; count <= linked.Length; count++)
            {
                if (decoder.TryDecode(Piece.Sequence(linked[0], linked[count - 1]), ref examined, out consumed, out header))
                    return Describe(header);
            }

            consumed = 0;
            return More;
        }
        catch (InvalidDataException error)
        {
            consumed = 0;
            return error.Message;
        }
    }

    private static string Framed(List<byte[]> pieces)
    {
        string? answer = null;
        using IDisposable subscription = System.Reactive.Linq.Observable.ToObservable(
                pieces.Select(static piece => ReceivedSegment.FromMemory(piece)), System.Reactive.Concurrency.ImmediateScheduler.Instance)
            .Frames(new ProxyHeaderDecoder())
            .Subscribe(
                header => answer ??= Describe(header),
                error => answer ??= error switch
                {
                    EndOfStreamException => More,
                    InvalidDataException => error.Message,
                    _ => throw new FindingException($"an exception that is not documented: {error}"),
                });
        return answer ?? "nothing";
    }

    private static string Describe(ProxyHeader header) => $"{header.Family} {header}{Convert.ToHexString(header.UnixPaths.Span)}";
}
