using System.Reflection;

namespace RxSockets.Tests.Architecture;

/// <summary>One hand-written source file: its path from the root of the repository, with forward slashes, and its text.</summary>
internal sealed record SourceFile(string Path, string Text)
{
    private string? _code;

    /// <summary>The text without comments and without the contents of string literals.</summary>
    public string Code => _code ??= SourceText.CodeOf(Text);

    /// <summary>The folder below <c>src/RxSockets</c>, empty for its root, null for a file elsewhere.</summary>
    public string? Folder
    {
        get
        {
            const string root = "src/RxSockets/";
            if (!Path.StartsWith(root, StringComparison.Ordinal))
            {
                return null;
            }

            int end = Path.LastIndexOf('/');
            return end < root.Length ? string.Empty : Path[root.Length..end];
        }
    }

    public static string RepositoryRoot { get; } = typeof(SourceFile).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>()
        .Single(static attribute => attribute.Key == "RepositoryRoot").Value!;

    /// <summary>Every .cs file under src, tests and examples, without what a build writes.</summary>
    public static IReadOnlyList<SourceFile> All()
    {
        var files = new List<SourceFile>();
        foreach (string top in new[] { "src", "tests", "examples" })
        {
            foreach (string file in Directory.EnumerateFiles(System.IO.Path.Combine(RepositoryRoot, top), "*.cs", SearchOption.AllDirectories))
            {
                string path = System.IO.Path.GetRelativePath(RepositoryRoot, file).Replace('\\', '/');
                if (!path.Contains("/obj/", StringComparison.Ordinal) && !path.Contains("/bin/", StringComparison.Ordinal))
                {
                    files.Add(new SourceFile(path, File.ReadAllText(file)));
                }
            }
        }

        return files;
    }
}
