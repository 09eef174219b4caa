using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using RxSockets.Notebooks.Running;

namespace RxSockets.Notebooks.Rules;

/// <summary>What the runner accepts and the real kernel, or a twin, does not. Each rule was learned from the real kernel.</summary>
internal static class Lint
{
    public static IEnumerable<string> Check(Notebook notebook)
    {
        if ((notebook.Kernel, notebook.Language) != (".net-csharp", "C#"))
            yield return $"{notebook.Name}: the kernel is '{notebook.Kernel}' for '{notebook.Language}', not '.net-csharp' for 'C#'";
        string[] cells = [.. notebook.CodeCells.Select(static cell => cell.Source)];
        foreach (string error in References(cells))
            yield return $"{notebook.Name}: {error}";
        foreach (string error in KernelCompilation.Errors(cells, notebook.Folder))
            yield return $"{notebook.Name}, {error}";
        for (int i = 0; i < cells.Length; i++)
        {
            string[] sources = [cells[i], .. Directives.Loaded(cells[i]).Select(file => File.ReadAllText(Path.Combine(notebook.Folder, file)))];
            foreach (string error in sources.SelectMany(Cell))
                yield return $"{notebook.Name}, code cell {i + 1}: {error}";
        }
    }

    /// <summary>The rules about the <c>#r</c> of a whole notebook.</summary>
    public static IEnumerable<string> References(IReadOnlyList<string> cells)
    {
        string[] all = [.. cells.SelectMany(Directives.Referenced)];
        foreach (string reference in all)
        {
            if (reference.StartsWith("nuget:", StringComparison.Ordinal))
            {
                // The kernel holds System.Reactive 6: through a package the library compiles against it, and fails when it runs.
                if (!reference.StartsWith("nuget: ScottPlot, ", StringComparison.Ordinal))
                    yield return $"#r \"{reference}\": only ScottPlot comes as a package, the rest from bin/";
            }
            else if (!reference.StartsWith("bin/", StringComparison.Ordinal) || reference.Count('/') != 1)
            {
                yield return $"#r \"{reference}\" is not a file of the publish folder bin/";
            }
        }

        int reactive = Array.IndexOf(all, "bin/System.Reactive.dll"), library = Array.FindIndex(all, static one => one.StartsWith("bin/RxSockets", StringComparison.Ordinal));
        if (library >= 0 && (reactive < 0 || reactive > library))
            yield return "#r of bin/System.Reactive.dll must come before #r of RxSockets: the kernel holds an older one";
        if (cells.Skip(1).Any(static cell => Directives.Referenced(cell).Any()))
            yield return "#r belongs into the first code cell: what is loaded later meets what was bound before";
    }

    /// <summary>The rules about one cell.</summary>
    public static IEnumerable<string> Cell(string source)
    {
        string[] lines = source.Split('\n');
        if (lines.Any(static line => line.StartsWith("#!", StringComparison.Ordinal)))
            yield return "a magic command (#!): the runner and the twin have none";
        if (lines.SkipWhile(static line => Directives.IsDirective(line) || line.Length == 0).Any(Directives.IsDirective))
            yield return "#r and #load come first in a cell";

        // As a script it is not parsed as what it is.
        foreach (MemberDeclarationSyntax member in Twin.Parse(source, SourceCodeKind.Regular).Members.Where(HasUsing))
            yield return $"top-level using declaration: the kernel has none; use a block: {Short(member)}";

        CompilationUnitSyntax unit = Twin.Parse(source);
        foreach (MemberDeclarationSyntax member in unit.Members)
        {
            if (member is BaseNamespaceDeclarationSyntax)
                yield return $"a namespace: scripts have none: {Short(member)}";
            if (member is MethodDeclarationSyntax method && method.ParameterList.Parameters.FirstOrDefault()?.Modifiers.Any(SyntaxKind.ThisKeyword) is true)
                yield return $"an extension method: the twin cannot have it outside a class: {Short(member)}";
        }

        foreach (string error in Calls(unit))
            yield return error;
    }

    private static IEnumerable<string> Calls(CompilationUnitSyntax unit)
    {
        bool awaits = unit.Members.Any(static member => member is not (MethodDeclarationSyntax or BaseTypeDeclarationSyntax)
            && member.DescendantNodesAndTokens().Any(static node => node.IsKind(SyntaxKind.AwaitKeyword)));
        foreach (InvocationExpressionSyntax call in unit.DescendantNodes().OfType<InvocationExpressionSyntax>())
        {
            string name = call.Expression is MemberAccessExpressionSyntax access ? access.Name.Identifier.Text : call.Expression.ToString();
            if (name is "Subscribe" && !awaits && !IsOwnedByBlock(call))
                yield return $"subscribes and does not await: what comes after the cell has ended is dropped: {Short(call)}";
            if (name is "Update" && call.Expression is MemberAccessExpressionSyntax { Expression: InvocationExpressionSyntax inner } && inner.Expression.ToString() == "display")
                yield return $"display(...).Update is broken in the kernel; use KernelInvocationContext.Current.Display: {Short(call)}";
            if (call.Expression.ToString() is "Console.ReadLine" or "Console.ReadKey" or "Thread.Sleep")
                yield return $"a cell must end by itself: {Short(call)}";
        }

        // A variable that display returned, updated later.
        foreach (VariableDeclaratorSyntax variable in unit.DescendantNodes().OfType<VariableDeclaratorSyntax>())
        {
            if (variable.Initializer?.Value is InvocationExpressionSyntax call && call.Expression.ToString() == "display")
                yield return $"display(...).Update is broken in the kernel; use KernelInvocationContext.Current.Display: {Short(variable)}";
        }

        foreach (SyntaxNode loop in unit.DescendantNodes().Where(static node => IsEndless(node) && !node.DescendantNodes().Any(static inner => inner is BreakStatementSyntax or ReturnStatementSyntax)))
            yield return $"a loop without an end: {Short(loop)}";
    }

    // A using declaration in a block or method: the subscription ends with it.
    private static bool IsOwnedByBlock(InvocationExpressionSyntax call) =>
        call.FirstAncestorOrSelf<LocalDeclarationStatementSyntax>() is { UsingKeyword.RawKind: not 0 };

    private static bool HasUsing(MemberDeclarationSyntax member) =>
        member is GlobalStatementSyntax { Statement: LocalDeclarationStatementSyntax { UsingKeyword.RawKind: not 0 } };

    // Streams of connections end with their listener, which a cell does not dispose while it reads.
    private static bool IsEndless(SyntaxNode node) => node switch
    {
        WhileStatementSyntax { Condition: LiteralExpressionSyntax { RawKind: (int)SyntaxKind.TrueLiteralExpression } } => true,
        ForStatementSyntax { Condition: null } => true,
        ForEachStatementSyntax { Expression: InvocationExpressionSyntax { Expression: MemberAccessExpressionSyntax { Name.Identifier.Text: "AcceptAllAsync" } } } => true,
        _ => false,
    };

    private static string Short(SyntaxNode node) => node.ToString().Split('\n')[0].Trim();
}
