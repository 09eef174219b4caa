using System.Collections.Immutable;
using Microsoft.CodeAnalysis;

namespace RxSockets.Notebooks.Running;

/// <summary>
/// What <c>#r</c> means here: the assembly of that name beside the tests, built from the code as it is, and not one published into notebooks/bin earlier.
/// </summary>
internal sealed class RunnerReferences : MetadataReferenceResolver
{
    /// <summary>Every assembly this process can load.</summary>
    public static IEnumerable<string> All { get; } = ((string)AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES")!).Split(Path.PathSeparator);

    /// <summary>The assemblies of .NET itself, which a cell sees without <c>#r</c>.</summary>
    public static IEnumerable<string> Framework { get; } =
        [.. All.Where(static path => Path.GetDirectoryName(path) == Path.GetDirectoryName(typeof(object).Assembly.Location))];

    public static string Beside(string file) => Path.Combine(AppContext.BaseDirectory, file);

    public override bool ResolveMissingAssemblies => true;

    public override PortableExecutableReference? ResolveMissingAssembly(MetadataReference definition, AssemblyIdentity referenceIdentity)
    {
        string path = Beside(referenceIdentity.Name + ".dll");
        return File.Exists(path) ? MetadataReference.CreateFromFile(path) : null;
    }

    public override ImmutableArray<PortableExecutableReference> ResolveReference(string reference, string? baseFilePath, MetadataReferenceProperties properties)
    {
        // "nuget: NAME, VERSION", or a file of the publish folder; the rules see to the version and the folder.
        string path = Beside(reference.StartsWith("nuget:", StringComparison.Ordinal)
            ? reference["nuget:".Length..].Split(',')[0].Trim() + ".dll"
            : Path.GetFileName(reference));
        return File.Exists(path) ? [MetadataReference.CreateFromFile(path, properties)] : [];
    }

    public override bool Equals(object? other) => other is RunnerReferences;

    public override int GetHashCode() => 1;
}
