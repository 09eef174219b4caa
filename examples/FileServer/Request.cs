namespace FileServer;

/// <summary>The head of a request, as far as this server looks at it.</summary>
internal readonly record struct Request(string Path, bool IsHead, bool KeepAlive, string? Range, string? IfRange, string? IfNoneMatch)
{
    /// <summary>0, or the status that refuses it. The head comes without its empty line.</summary>
    public static int TryParse(string head, out Request request)
    {
        request = default;
        // A client may send an empty line before a request (RFC 9112, 2.2).
        string[] lines = head.TrimStart('\r', '\n').Split("\r\n");
        string[] start = lines[0].Split(' ');
        if (start is not [var method, ['/', ..] target, ['H', 'T', 'T', 'P', '/', ..] version])
            return 400;
        if (version is not ("HTTP/1.1" or "HTTP/1.0"))
            return 505;
        var found = new Request(target, method == "HEAD", version == "HTTP/1.1", null, null, null);
        bool hasHost = false;
        foreach (string line in lines.AsSpan(1))
        {
            int colon = line.IndexOf(':', StringComparison.Ordinal);
            // Neither folded lines nor blanks before the colon: both have been used to smuggle requests.
            if (colon < 1 || line.AsSpan(0, colon).ContainsAny(" \t\r\n\0"))
                return 400;
            string name = line[..colon], value = line[(colon + 1)..].Trim(' ', '\t');
            if (Is(name, "Host") && hasHost)
                return 400;
            hasHost |= Is(name, "Host");
            // No answer to a request depends on a body here, and what is not read would be taken for the next request.
            if (Is(name, "Transfer-Encoding") || (Is(name, "Content-Length") && value != "0"))
                return 400;
            if (Is(name, "Connection"))
                found = found with { KeepAlive = Is(value, "keep-alive") || (!Is(value, "close") && found.KeepAlive) };
            else if (Is(name, "Range"))
                found = found with { Range = value };
            else if (Is(name, "If-Range"))
                found = found with { IfRange = value };
            else if (Is(name, "If-None-Match"))
                found = found with { IfNoneMatch = value };
        }

        if (!hasHost && version == "HTTP/1.1")
            return 400;
        if (method is not ("GET" or "HEAD"))
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

    private static bool Is(string text, string word) => text.Equals(word, StringComparison.OrdinalIgnoreCase);
}
