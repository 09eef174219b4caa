using System.Text;

namespace RxSockets.Tests.Architecture;

/// <summary>
/// Separates code from comments and literals, well enough for the rules here. Interpolated strings count as literals, holes included:
/// a type named only inside a hole is not seen.
/// </summary>
internal static class SourceText
{
    public static string CodeOf(string text)
    {
        var code = new StringBuilder(text.Length);
        int at = 0;
        while (at < text.Length)
        {
            int end = EndOfCommentOrLiteral(text, at);
            if (end == at)
            {
                code.Append(text[at++]);
                continue;
            }

            // Line breaks stay, so that line numbers do; a blank keeps the neighbours apart.
            code.Append(' ');
            code.Append('\n', text.AsSpan(at, end - at).Count('\n'));
            at = end;
        }

        return code.ToString();
    }

    private static int EndOfCommentOrLiteral(string text, int at)
    {
        ReadOnlySpan<char> rest = text.AsSpan(at);
        switch (rest[0])
        {
            case '/' when rest.StartsWith("//"):
                return After(text, "\n", at, keepMark: true);
            case '/' when rest.StartsWith("/*"):
                return After(text, "*/", at + 2);
            case '"' when rest.StartsWith("\"\"\""):
                int quotes = rest.IndexOfAnyExcept('"');
                return quotes < 0 ? text.Length : After(text, new string('"', quotes), at + quotes);
            case '"':
                return EndOfQuoted(text, at, '"', escapes: at == 0 || !IsVerbatim(text, at));
            case '\'':
                return EndOfQuoted(text, at, '\'', escapes: true);
            default:
                return at;
        }
    }

    private static bool IsVerbatim(string text, int quote) =>
        text[quote - 1] == '@' || (quote > 1 && text[quote - 1] == '$' && text[quote - 2] == '@');

    private static int EndOfQuoted(string text, int start, char quote, bool escapes)
    {
        int at = start + 1;
        while (at < text.Length && text[at] != quote)
        {
            // Such a literal ends with its line; an apostrophe in a #pragma or #region was none.
            if (escapes && text[at] == '\n')
            {
                return at;
            }

            at += escapes && text[at] == '\\' ? 2 : 1;
        }

        return Math.Min(at + 1, text.Length);
    }

    private static int After(string text, string mark, int from, bool keepMark = false)
    {
        int found = text.IndexOf(mark, from, StringComparison.Ordinal);
        return found < 0 ? text.Length : keepMark ? found : found + mark.Length;
    }
}
