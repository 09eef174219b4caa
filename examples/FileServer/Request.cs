using System.Text;

namespace FileServer;

/// <summary>The head of a request, as far as this server looks at it.</summary>
internal readonly record struct Request(string Path, bool IsHead, bool KeepAlive, string? Range, string? IfRange, string? IfNoneMatch)
{
    /// <summary>0, or the status that refuses it. The head comes without its empty line.</summary>
    public static int TryParse(ReadOnlySpan<byte> head, out Request request)
    {
        request = default;
        // A client may send an empty line before a request (RFC 9112, 2.2).
        ReadOnlySpan<byte> rest = head.TrimStart("\r\n"u8);
        // What another reader may take for the end of a line or of a text has no place in one (RFC 9110, 5.5): it has been used to smuggle requests, too.
        ReadOnlySpan<byte> start = Next(ref rest, "\r\n"u8);
        if (start.ContainsAny("\r\n\0"u8))
            return 400;
        ReadOnlySpan<byte> method = Next(ref start, " "u8), target = Next(ref start, " "u8), version = start;
        if (target is not [(byte)'/', ..] || !version.StartsWith("HTTP/"u8) || version.Contains((byte)' '))
            return 400;
        bool is11 = version.SequenceEqual("HTTP/1.1"u8);
        if (!is11 && !version.SequenceEqual("HTTP/1.0"u8))
            return 505;
        var found = new Request(Text(target), method.SequenceEqual("HEAD"u8), is11, null, null, null);
        bool hasHost = false;
        while (!rest.IsEmpty)
        {
            ReadOnlySpan<byte> line = Next(ref rest, "\r\n"u8);
            int colon = line.IndexOf((byte)':');
            // Neither folded lines nor blanks before the colon: both have been used to smuggle requests.
            if (colon < 1 || line[..colon].ContainsAny(" \t"u8) || line.ContainsAny("\r\n\0"u8))
                return 400;
            ReadOnlySpan<byte> name = line[..colon], value = line[(colon + 1)..].Trim(" \t"u8);
            if (Is(name, "Host"u8) && hasHost)
                return 400;
            hasHost |= Is(name, "Host"u8);
            // No answer to a request depends on a body here, and what is not read would be taken for the next request.
            if (Is(name, "Transfer-Encoding"u8) || (Is(name, "Content-Length"u8) && !Is(value, "0"u8)))
                return 400;
            if (Is(name, "Connection"u8))
                found = found with { KeepAlive = Is(value, "keep-alive"u8) || (!Is(value, "close"u8) && found.KeepAlive) };
            else if (Is(name, "Range"u8))
                found = found with { Range = Text(value) };
            else if (Is(name, "If-Range"u8))
                found = found with { IfRange = Text(value) };
            else if (Is(name, "If-None-Match"u8))
                found = found with { IfNoneMatch = Text(value) };
        }

        if (!hasHost && is11)
            return 400;
        if (!found.IsHead && !method.SequenceEqual("GET"u8))
            return 405;
        request = found;
        return 0;
    }

    /// <summary>The client has this version of the file.</summary>
    public bool Matches(string etag) =>
        IfNoneMatch is not null && IfNoneMatch.Split(',').Any(one => one.Trim() is var tag && (tag == "*" || tag == etag || tag == "W/" + etag));

    /// <summary>What of the file is wanted: all of it, unless a single range is asked for that is valid for this version.</summary>
    public ByteRange RangeIn(ServedFile file) =>
        Range is null || IsHead || (IfRange is not null && IfRange != file.ETag) ? ByteRange.All(file.Length) : ByteRange.Parse(Range, file.Length);

    // What comes before the separator, which is taken off together with it.
    private static ReadOnlySpan<byte> Next(ref ReadOnlySpan<byte> rest, ReadOnlySpan<byte> separator)
    {
        int end = rest.IndexOf(separator);
        ReadOnlySpan<byte> part = end < 0 ? rest : rest[..end];
        rest = end < 0 ? default : rest[(end + separator.Length)..];
        return part;
    }

    private static string Text(ReadOnlySpan<byte> bytes) => Encoding.Latin1.GetString(bytes);

    private static bool Is(ReadOnlySpan<byte> text, ReadOnlySpan<byte> word) => Ascii.EqualsIgnoreCase(text, word);
}
