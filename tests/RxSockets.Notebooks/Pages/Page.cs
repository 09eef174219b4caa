using System.Text.RegularExpressions;
using RxSockets.Notebooks.Running;

namespace RxSockets.Notebooks.Pages;

/// <summary>A page of the documentation: its path from the root of the repository, and its text.</summary>
internal sealed partial record Page(string Path, string Text)
{
    public static IReadOnlyList<Page> All { get; } =
    [
        .. Directory.GetFiles(NotebookFolder.Root, "*.md").Concat(Directory.GetFiles(NotebookFolder.Location, "*.md"))
            .Concat(Directory.GetFiles(System.IO.Path.Combine(NotebookFolder.Root, "docs"), "*.md", SearchOption.AllDirectories))
            .Select(static file => new Page(System.IO.Path.GetRelativePath(NotebookFolder.Root, file).Replace('\\', '/'), File.ReadAllText(file).ReplaceLineEndings("\n")))
            .OrderBy(static page => page.Path, StringComparer.Ordinal),
    ];

    public static Page Get(string path) => All.Single(page => page.Path == path);

    /// <summary>The C# in it, each block with the number of its first line.</summary>
    public IEnumerable<(int Line, string Code)> Code =>
        CodeBlock().Matches(Text).Select(block => (Text.AsSpan(0, block.Groups["code"].Index).Count('\n') + 1, block.Groups["code"].Value));

    /// <summary>What it links to in this repository: a path from the root, and the heading, if it says one.</summary>
    public IEnumerable<(string Path, string Anchor)> Links =>
        Link().Matches(Text).Select(link => (Target(link.Groups["path"].Value), link.Groups["anchor"].Value));

    /// <summary>The names by which its headings are linked to.</summary>
    public IEnumerable<string> Anchors =>
        Heading().Matches(Text).Select(static heading => NotInAnchors().Replace(heading.Groups["text"].Value.ToLowerInvariant(), "").Replace(' ', '-'));

    private string Target(string link) =>
        link.Length == 0
            ? Path
            : System.IO.Path.GetRelativePath(NotebookFolder.Root, System.IO.Path.Combine(NotebookFolder.Root, System.IO.Path.GetDirectoryName(Path)!, link)).Replace('\\', '/');

    [GeneratedRegex("^```csharp\n(?<code>.*?)^```$", RegexOptions.Multiline | RegexOptions.Singleline)]
    private static partial Regex CodeBlock();

    [GeneratedRegex(@"\]\((?!https?:)(?<path>[^)#]*)(#(?<anchor>[^)]+))?\)")]
    private static partial Regex Link();

    [GeneratedRegex("^#+ (?<text>.+)$", RegexOptions.Multiline)]
    private static partial Regex Heading();

    [GeneratedRegex(@"[^\w\- ]")]
    private static partial Regex NotInAnchors();
}
