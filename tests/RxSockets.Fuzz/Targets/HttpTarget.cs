using System.Buffers;
using System.Buffers.Binary;
using System.Text;
using FileServer;

namespace RxSockets.Fuzz.Targets;

/// <summary>
/// Heads of requests as examples/FileServer reads them: a status that it documents; what is served has one meaning to any reader of HTTP; a range lies in the file; and no
/// path leads out of the folder.
/// </summary>
internal static class HttpTarget
{
    private const int MaxRequestBytes = 8192;

    private static readonly Lazy<ServedFolder> s_folder = new();

    public static void Run(ReadOnlySpan<byte> data)
    {
        var input = new FuzzInput(data);
        byte[] number = [.. input.Bytes(8), .. new byte[8]];
        long length = BinaryPrimitives.ReadInt64LittleEndian(number) & long.MaxValue;
        byte[] cuts = input.Cuts(), stream = input.Rest();
        var readers = new Readers<ReadOnlySequence<byte>>(FrameDecoder.Delimited("\r\n\r\n"u8, MaxRequestBytes), static frame => frame.ToArray());
        Reading heads = Reference.Delimited(stream, [.. "\r\n\r\n"u8], MaxRequestBytes);
        readers.MustRead(heads, stream, FuzzInput.Split(stream, cuts));
        foreach (byte[] head in heads.Frames)
        {
            int status = Request.TryParse(head, out Request request);
            FindingException.Unless(status is 0 or 400 or 405 or 505, $"status {status}");
            if (status == 0)
                MustBeServable(head, request, length);
            else
                FindingException.UnlessEqual(default, request, $"a request that is refused by {status}");
        }
    }

    private static void MustBeServable(byte[] head, Request request, long length)
    {
        string[] lines = Encoding.Latin1.GetString(head).TrimStart('\r', '\n').Split("\r\n");
        // Another reader may take them for ends of lines, or of text (RFC 9110, 5.5).
        FindingException.Unless(!lines.Any(static line => line.AsSpan().ContainsAny('\r', '\n', '\0')), "a stray CR, LF or NUL");
        string[] start = lines[0].Split(' ');
        FindingException.Unless(start is ["GET" or "HEAD", _, "HTTP/1.1" or "HTTP/1.0"], $"'{lines[0]}' is served");
        FindingException.UnlessEqual(start[1], request.Path, "the target");
        FindingException.UnlessEqual(start[0] == "HEAD", request.IsHead, "without its body");
        FindingException.Unless(request.Path.StartsWith('/'), "a target that is no path");
        string[] names = [.. lines.Skip(1).Where(static line => line.Length > 0).Select(static line => line[..Math.Max(0, line.IndexOf(':'))].ToUpperInvariant())];
        FindingException.Unless(names.All(static name => name.Length > 0 && !name.Contains(' ') && !name.Contains('\t')), "a field without a name");
        FindingException.Unless(!names.Contains("TRANSFER-ENCODING"), "a body in chunks");
        FindingException.Unless(names.Count(static name => name == "HOST") == 1 || (start[2] == "HTTP/1.0" && !names.Contains("HOST")), "one host");

        foreach (string? text in new[] { request.Range, request.IfRange, request.IfNoneMatch })
        {
            if (text is not null)
                MustBeInside(ByteRange.Parse(text, length), length);
        }

        _ = request.Matches("\"1-2\"");
        s_folder.Value.MustHold(request.Path);
    }

    private static void MustBeInside(ByteRange range, long length)
    {
        FindingException.Unless(range.Offset >= 0 && range.Count >= 0 && range.Offset <= length && range.Count <= length - range.Offset, $"{range} of {length}");
        FindingException.Unless(!range.IsPart || (range.Count > 0 && !range.IsUnsatisfiable), $"{range} of {length}");
        FindingException.Unless(range.IsPart || range.IsUnsatisfiable || range == ByteRange.All(length), $"{range} of {length}");
    }
}
