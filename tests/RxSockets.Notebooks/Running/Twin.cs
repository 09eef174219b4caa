using System.Text;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace RxSockets.Notebooks.Running;

/// <summary>
/// A notebook as a file-based app: the prose as comments, the code cells in order. A program wants its usings first and its types last, and shows no
/// value by itself; everything else stays as it was written.
/// </summary>
internal static class Twin
{
    private static readonly CSharpParseOptions s_script = new(LanguageVersion.Preview, kind: SourceCodeKind.Script);

    // What the kernel imports and the SDK does not.
    private static readonly string[] s_usings =
        ["using System.Collections;", "using System.Text;", "using static Microsoft.DotNet.Interactive.Kernel;"];

    public static string Of(Notebook notebook)
    {
        var usings = new SortedSet<string>(s_usings, StringComparer.Ordinal);
        var body = new StringBuilder();
        var types = new StringBuilder();
        foreach (Cell cell in notebook.Cells)
        {
            if (cell.IsCode)
                AddCode(cell.Source, notebook.Folder, usings, body, types);
            else
                AddProse(cell.Source, body);
        }

        return $"""
            // Made from {notebook.Name}.ipynb by the notebooks' runner (update); change it there. Run it: dotnet run {notebook.Name}.cs
            #:project Support

            {string.Join('\n', usings)}

            {body.ToString().Trim()}

            {types.ToString().Trim()}
            """.ReplaceLineEndings("\n").TrimEnd() + "\n";
    }

    public static CompilationUnitSyntax Parse(string source, SourceCodeKind kind = SourceCodeKind.Script)
    {
        IEnumerable<string> lines = source.Split('\n').Where(static line => !Directives.IsDirective(line));
        return SyntaxFactory.ParseCompilationUnit(string.Join('\n', lines), options: s_script.WithKind(kind));
    }

    private static void AddCode(string source, string folder, SortedSet<string> usings, StringBuilder body, StringBuilder types)
    {
        foreach (string loaded in Directives.Loaded(source))
            AddCode(File.ReadAllText(Path.Combine(folder, loaded)).ReplaceLineEndings("\n"), folder, usings, body, types);

        CompilationUnitSyntax unit = Parse(source);
        usings.UnionWith(unit.Usings.Select(static one => one.WithoutTrivia().ToString()));
        var code = new StringBuilder();
        foreach (MemberDeclarationSyntax member in unit.Members)
        {
            if (member is BaseTypeDeclarationSyntax or DelegateDeclarationSyntax)
                types.Append(member.ToFullString().Trim('\n')).Append("\n\n");
            else if (Shown(member) is { } shown)
                code.Append(member.GetLeadingTrivia().ToFullString()).Append("display(").Append(shown.ToString()).Append(");\n");
            else
                code.Append(member.ToFullString());
        }

        if (code.ToString().Trim('\n') is { Length: > 0 } text)
            body.Append(text).Append("\n\n");
    }

    /// <summary>The expression that a cell ends with, without a semicolon: the kernel shows its value.</summary>
    private static ExpressionSyntax? Shown(MemberDeclarationSyntax member) =>
        member is GlobalStatementSyntax { Statement: ExpressionStatementSyntax { SemicolonToken.IsMissing: true } statement } ? statement.Expression : null;

    private static void AddProse(string source, StringBuilder body)
    {
        foreach (string line in source.Trim().Split('\n'))
            body.Append($"// {line}".TrimEnd()).Append('\n');
        body.Append('\n');
    }
}
