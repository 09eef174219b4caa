using System.Text.RegularExpressions;

namespace RxSockets.Tests.Architecture;

/// <summary>
/// The folders of src/RxSockets, low to high. A layer uses only those below it (listed before it); the exceptions are the rules of
/// <see cref="MayUse"/>. The root folder holds the public nouns, the highest layer.
/// </summary>
internal static partial class Layers
{
    public const string Root = "";
    public const string Selector = "EngineSelector";

    private static readonly string[] s_lowToHigh =
    [
        "Model",
        "Native/Windows", "Native/Linux",
        "Buffers",
        "Operations",
        "Engines",
        "Engines/Iocp", "Engines/IoUring", "Engines/Managed",
        Selector,
        "Diagnostics",
        "Sockets",
        "Streams",
        "Operators",
        Root,
    ];

    /// <summary>The layer a file belongs to; null when its folder is in no layer.</summary>
    public static string? Of(SourceFile file) =>
        file.Path == "src/RxSockets/EngineSelector.cs" ? Selector : file.Folder is { } folder ? OfPath(folder) : null;

    /// <summary>The layer of a namespace written in <c>code</c> as RxSockets.X.Y; null for the plain namespace RxSockets and for types in it.</summary>
    public static string? OfNamespace(string name)
    {
        string path = name.StartsWith("RxSockets.", StringComparison.Ordinal) ? name["RxSockets.".Length..].Replace('.', '/') : Root;
        return path.Length == 0 ? null : OfPath(path) is { Length: > 0 } layer ? layer : null;
    }

    /// <summary>Every name in the code that begins with a namespace of the library: in a using, or written out, also from inside RxSockets (Engines.IoUring).</summary>
    public static IEnumerable<string> NamespacesUsed(SourceFile file)
    {
        string code = NamespaceDeclaration().Replace(file.Code, string.Empty);
        IEnumerable<string> full = QualifiedName().Matches(code).Select(static match => match.Value);
        IEnumerable<string> relative = RelativeName().Matches(code).Select(static match => "RxSockets." + match.Value);
        return full.Concat(relative).Select(static name => Blank().Replace(name, string.Empty)).Distinct();
    }

    public static string? NamespaceOf(SourceFile file) =>
        NamespaceDeclaration().Match(file.Code) is { Success: true } match ? match.Groups["name"].Value : null;

    public static bool MayUse(string user, string used)
    {
        if (user == used)
        {
            return true;
        }

        bool userIsEngine = user.StartsWith("Engines/", StringComparison.Ordinal);
        if (userIsEngine && used.StartsWith("Engines/", StringComparison.Ordinal))
        {
            return false;
        }

        return used switch
        {
            "Native/Linux" => user is "Engines/IoUring" or Selector,
            "Native/Windows" => user is "Engines/Iocp" or Selector,
            "Engines/Iocp" or "Engines/IoUring" or "Engines/Managed" => user == Selector,
            "Sockets" or "Engines" when user == "Operators" => false,
            _ => Array.IndexOf(s_lowToHigh, used) < Array.IndexOf(s_lowToHigh, user),
        };
    }

    /// <summary>The longest layer that is the path or a folder above it; null when there is none. A sub-folder belongs to its layer.</summary>
    private static string? OfPath(string path) =>
        path.Length == 0
            ? Root
            : s_lowToHigh.Where(layer => layer.Length > 0 && (path == layer || path.StartsWith(layer + "/", StringComparison.Ordinal)))
                .MaxBy(static layer => layer.Length);

    [GeneratedRegex(@"(?<![\w.])RxSockets(\s*\.\s*\w+)+")]
    private static partial Regex QualifiedName();

    [GeneratedRegex(@"(?<![\w.])(Native\s*\.\s*(Linux|Windows)|Engines\s*\.\s*(Iocp|IoUring|Managed))\b(\s*\.\s*\w+)*")]
    private static partial Regex RelativeName();

    [GeneratedRegex(@"\s+")]
    private static partial Regex Blank();

    [GeneratedRegex(@"^\s*namespace\s+(?<name>[\w.]+)", RegexOptions.Multiline)]
    private static partial Regex NamespaceDeclaration();
}
