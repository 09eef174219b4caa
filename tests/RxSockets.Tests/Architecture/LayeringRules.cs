using System.Text.RegularExpressions;

namespace RxSockets.Tests.Architecture;

/// <summary>The rules about which folder may know what. Each is a function from the files to the violations, one line each.</summary>
internal static partial class LayeringRules
{
    private static readonly string[] s_engineNeutral = ["Operations", "Sockets", "Streams", "Operators"];

    /// <summary>Every folder is a known layer, and what is in folder X is in namespace RxSockets.X; Model, the root and public operators are in RxSockets.</summary>
    public static IEnumerable<string> Namespaces(IEnumerable<SourceFile> files)
    {
        foreach (SourceFile file in files.Where(static file => file.Folder is not null))
        {
            if (Layers.Of(file) is not { } layer)
            {
                yield return $"{file.Path}: the folder is in no layer";
                continue;
            }

            string own = "RxSockets." + file.Folder!.Replace('/', '.');
            string[] allowed = layer switch
            {
                Layers.Root or "Model" => ["RxSockets"],
                Layers.Selector or "Operators" => ["RxSockets", own.TrimEnd('.')],
                _ => [own],
            };
            if (Layers.NamespaceOf(file) is { } name && !allowed.Contains(name))
            {
                yield return $"{file.Path}: namespace {name}, expected {string.Join(" or ", allowed)}";
            }
        }
    }

    /// <summary>A layer names only the namespaces of layers below it, and says so in each file.</summary>
    public static IEnumerable<string> Dependencies(IEnumerable<SourceFile> files)
    {
        foreach (SourceFile file in files)
        {
            if (Layers.Of(file) is not { } layer)
            {
                continue;
            }

            foreach (string name in Layers.NamespacesUsed(file))
            {
                if (Layers.OfNamespace(name) is { } used && !Layers.MayUse(layer, used))
                {
                    yield return $"{file.Path}: {(layer.Length == 0 ? "the root" : layer)} must not use {name}";
                }
            }

            if (GlobalUsing().IsMatch(file.Code))
            {
                yield return $"{file.Path}: a global using would hide which layers a file uses";
            }
        }
    }

    /// <summary>Only the selector, the engines and the native declarations look at the system they run on.</summary>
    public static IEnumerable<string> SystemChecks(IEnumerable<SourceFile> files) =>
        from file in files
        let layer = Layers.Of(file)
        where layer is not null && layer != Layers.Selector
            && !layer.StartsWith("Engines", StringComparison.Ordinal) && !layer.StartsWith("Native", StringComparison.Ordinal)
        from Match match in SystemCheck().Matches(file.Code)
        select $"{file.Path}:{LineOf(file.Code, match.Index)}: {match.Value}";

    /// <summary>No layer names the public nouns that are built on it. (Options may have a property of type CompletionPort.)</summary>
    public static IEnumerable<string> PublicNouns(IEnumerable<SourceFile> files) =>
        from file in files
        let layer = Layers.Of(file)
        where layer is not null and not Layers.Root
        from Match match in PublicNoun().Matches(file.Code)
        select $"{file.Path}:{LineOf(file.Code, match.Index)}: {match.Value}";

    /// <summary>No engine is named where every engine must look the same.</summary>
    public static IEnumerable<string> EngineNames(IEnumerable<SourceFile> files) =>
        from file in files
        where Layers.Of(file) is { } layer && s_engineNeutral.Contains(layer)
        from Match match in EngineName().Matches(file.Code)
        select $"{file.Path}:{LineOf(file.Code, match.Index)}: {match.Value}";

    private static int LineOf(string text, int index) => text.AsSpan(0, index).Count('\n') + 1;

    [GeneratedRegex(@"\b(OperatingSystem|RuntimeInformation)\s*\.\s*\w+")]
    private static partial Regex SystemCheck();

    [GeneratedRegex(@"\b(RxConnection|RxListener|RxDatagramSocket)\b")]
    private static partial Regex PublicNoun();

    // In any part of a name (IoUringLoop), but not in the framework's CurrentManagedThreadId.
    [GeneratedRegex(@"\b\w*(IoUring|Iocp|IOCP|io_uring|Managed(?!Thread))\w*")]
    private static partial Regex EngineName();

    [GeneratedRegex(@"\bglobal\s+using\s+(static\s+)?RxSockets\b")]
    private static partial Regex GlobalUsing();
}
