using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;

namespace RxSockets.Notebooks.Running;

/// <summary>Compiles code against what notebooks and pages may use, and runs nothing of it.</summary>
internal static class CompiledProgram
{
    private static readonly string[] s_assemblies =
    [
        "NotebookSupport", "RxSockets", "RxSockets.Testing", "System.Reactive", "System.Reactive.Core", "System.Reactive.Linq", "System.Reactive.Interfaces",
        "Microsoft.Reactive.Testing", "Microsoft.Extensions.Logging.Abstractions", "ScottPlot", "SkiaSharp",
    ];

    private static readonly MetadataReference[] s_references =
    [
        .. RunnerReferences.Framework.Concat(s_assemblies.Select(static assembly => RunnerReferences.Beside(assembly + ".dll")))
            .Where(CellRunner.IsAssembly).Select(static file => MetadataReference.CreateFromFile(file)),
    ];

    /// <summary>The errors of a program of these sources; one of them has its statements.</summary>
    public static IEnumerable<Diagnostic> Errors(params string[] sources) =>
        CSharpCompilation.Create(
            "program",
            sources.Select(static source => CSharpSyntaxTree.ParseText(source)),
            s_references,
            new CSharpCompilationOptions(OutputKind.ConsoleApplication, nullableContextOptions: NullableContextOptions.Enable, allowUnsafe: true))
        .GetDiagnostics().Where(static one => one.Severity == DiagnosticSeverity.Error);
}
