using System.Text.RegularExpressions;

namespace RxSockets.Notebooks.Running;

/// <summary>The lines of a cell that are not C#: <c>#r</c> and <c>#load</c>.</summary>
internal static partial class Directives
{
    public static IEnumerable<string> Loaded(string code) => Load().Matches(code).Select(static match => match.Groups[1].Value);

    public static IEnumerable<string> Referenced(string code) => Reference().Matches(code).Select(static match => match.Groups[1].Value);

    public static bool IsDirective(string line) => line.StartsWith("#r ", StringComparison.Ordinal) || line.StartsWith("#load ", StringComparison.Ordinal);

    [GeneratedRegex("^#load \"([^\"]+)\"", RegexOptions.Multiline)]
    private static partial Regex Load();

    [GeneratedRegex("^#r \"([^\"]+)\"", RegexOptions.Multiline)]
    private static partial Regex Reference();
}
