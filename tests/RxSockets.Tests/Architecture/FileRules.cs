using System.Text.RegularExpressions;

namespace RxSockets.Tests.Architecture;

/// <summary>The rules about any hand-written file.</summary>
internal static partial class FileRules
{
    public const int MaximumLines = 400;

    public static IEnumerable<string> Length(IEnumerable<SourceFile> files) =>
        from file in files
        let lines = file.Text.AsSpan().TrimEnd('\n').Count('\n') + 1
        where lines > MaximumLines
        select $"{file.Path}: {lines} lines, at most {MaximumLines}";

    /// <summary>Words of unfinished work, in code or comment. The words are joined here so that this file does not hold them.</summary>
    public static IEnumerable<string> Leftovers(IEnumerable<SourceFile> files) =>
        from file in files
        from Match match in s_leftover.Matches(file.Text)
        select $"{file.Path}:{file.Text.AsSpan(0, match.Index).Count('\n') + 1}: {match.Value}";

    private static readonly Regex s_leftover = new(
        @"\b(" + string.Join('|', "TO" + "DO", "FIX" + "ME", "HA" + "CK", "XX" + "X", "NotImplemented" + "Exception") + @")\b");
}
