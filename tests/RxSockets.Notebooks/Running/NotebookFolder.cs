namespace RxSockets.Notebooks.Running;

/// <summary>The notebooks of the repository.</summary>
internal static class NotebookFolder
{
    // This assembly is in tests/NAME/bin/CONFIGURATION/FRAMEWORK.
    public static string Root { get; } = Path.GetFullPath(Path.Combine(AppContext.BaseDirectory, "..", "..", "..", "..", ".."));

    public static string Location { get; } = Path.Combine(Root, "notebooks");

    public static IReadOnlyList<string> Names { get; } =
        [.. Directory.GetFiles(Location, "*.ipynb").Select(static file => Path.GetFileNameWithoutExtension(file)).Order(StringComparer.Ordinal)];

    public static Notebook Load(string name) => Notebook.Load(Path.Combine(Location, name + ".ipynb"));

    public static string TwinOf(string name) => Path.Combine(Location, name + ".cs");
}
