using System.Globalization;

namespace FileServer;

/// <summary>The part of a file that is sent.</summary>
internal readonly record struct ByteRange(long Offset, long Count, bool IsPart, bool IsUnsatisfiable)
{
    public static ByteRange All(long length) => new(0, length, IsPart: false, IsUnsatisfiable: false);

    /// <summary>Reads bytes=FIRST-LAST, bytes=FIRST- and bytes=-COUNT. Anything else, several ranges too, is answered with the whole file, as a server may.</summary>
    public static ByteRange Parse(string value, long length)
    {
        ByteRange all = All(length);
        if (!value.StartsWith("bytes=", StringComparison.OrdinalIgnoreCase) || value.Split('-') is not [var prefix, var last])
            return all;
        string first = prefix["bytes=".Length..];
        bool hasLast = TryRead(last, out long to);
        if (first.Length == 0)
            return hasLast ? Part(Math.Max(0, length - to), length - 1, length) : all;
        if (!TryRead(first, out long from) || (last.Length > 0 && (!hasLast || to < from)))
            return all;
        return Part(from, hasLast ? Math.Min(to, length - 1) : length - 1, length);
    }

    private static ByteRange Part(long from, long to, long length) =>
        from >= length ? new ByteRange(0, 0, IsPart: false, IsUnsatisfiable: true) : new ByteRange(from, to - from + 1, IsPart: true, IsUnsatisfiable: false);

    private static bool TryRead(string text, out long value) => long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out value);
}
