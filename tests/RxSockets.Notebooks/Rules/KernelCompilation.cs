using System.Collections.Immutable;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.DotNet.Interactive;
using RxSockets.Notebooks.Running;

namespace RxSockets.Notebooks.Rules;

/// <summary>
/// Compiles the cells of a notebook one on top of the other with the names that the real kernel has in scope, and runs nothing. A type that neither the
/// kernel nor a cell imports is an error; the stand-ins of the support project are in the kernel's own namespaces, so that this is so for them as well.
/// </summary>
internal static class KernelCompilation
{
    // The version of the language that the kernel says it speaks.
    private static readonly CSharpParseOptions s_parsing = new(LanguageVersion.CSharp14, kind: SourceCodeKind.Script);

    private static readonly ImmutableArray<MetadataReference> s_references =
        [.. RunnerReferences.Framework.Where(CellRunner.IsAssembly).Append(typeof(Kernel).Assembly.Location).Select(static file => MetadataReference.CreateFromFile(file))];

    public static IEnumerable<string> Errors(IReadOnlyList<string> cells, string folder)
    {
        var options = new CSharpCompilationOptions(
            OutputKind.DynamicallyLinkedLibrary,
            usings: CellRunner.Imports,
            metadataReferenceResolver: new RunnerReferences(),
            sourceReferenceResolver: new SourceFileResolver([], folder));
        CSharpCompilation? previous = null;
        for (int i = 0; i < cells.Count; i++)
        {
            SyntaxTree tree = CSharpSyntaxTree.ParseText(cells[i], s_parsing, Path.Combine(folder, $"{i + 1}.csx"));
            var cell = CSharpCompilation.CreateScriptCompilation($"cell{i + 1}", tree, s_references, options, previous, typeof(object));
            Diagnostic[] errors = [.. cell.GetDiagnostics().Where(static one => one.Severity == DiagnosticSeverity.Error)];
            foreach (Diagnostic error in errors)
                yield return $"code cell {i + 1}: with what the kernel imports it does not compile: {error.GetMessage(null)}";
            // What builds on a cell that does not compile would only repeat its errors.
            if (errors.Length > 0)
                yield break;
            previous = cell;
        }
    }
}
