using System.Reflection;
using System.Runtime.CompilerServices;
using System.Text.RegularExpressions;
using RxSockets.Tests.Architecture;

namespace RxSockets.Tests.Operators;

/// <summary>docs/operators.md against what there is.</summary>
public partial class OperatorsPageTests
{
    // The preamble, then a heading and what is below it.
    private static readonly string[] s_sections =
        HeadingStart().Split(File.ReadAllText(Path.Combine(SourceFile.RepositoryRoot, "docs", "operators.md")).ReplaceLineEndings("\n"))[1..];

    private static readonly HashSet<string> s_operators =
    [
        .. typeof(RxConnection).Assembly.GetExportedTypes()
            .SelectMany(static type => type.GetMethods(BindingFlags.Static | BindingFlags.Public | BindingFlags.DeclaredOnly))
            .Where(static method => method.IsDefined(typeof(ExtensionAttribute)) && IsStream(method.GetParameters()[0].ParameterType))
            .Select(static method => method.Name),
    ];

    // Methods that make a stream of connections; no operators, but on the page.
    private static readonly IEnumerable<string> s_sources =
        typeof(RxConnector).GetMethods(BindingFlags.Static | BindingFlags.Public | BindingFlags.DeclaredOnly).Select(static method => method.Name);

    [Fact]
    public void It_has_a_heading_for_every_operator_and_for_nothing_that_is_not_there()
    {
        string[] headings = [.. s_sections.SelectMany(NamesOf)];
        Assert.True(s_operators.Count > 10, "the operators were not found");
        Assert.Empty(s_operators.Except(headings));
        Assert.Empty(headings.Except(s_operators).Except(s_sources).Except(typeof(RxConnection).Assembly.GetExportedTypes().Select(static type => type.Name)));
    }

    [Fact]
    public void Every_operator_has_a_line_in_a_marble_picture_under_its_heading()
    {
        foreach (string section in s_sections)
        {
            foreach (string name in NamesOf(section).Where(static name => s_operators.Contains(name) || s_sources.Contains(name)))
                Assert.True(Regex.IsMatch(section, $@"^    {name}(\([^)]*\))?  +\S*-\S*", RegexOptions.Multiline), $"no picture of {name}");
        }
    }

    private static bool IsStream(Type type) =>
        type.IsGenericType && (type.GetGenericTypeDefinition() == typeof(IObservable<>) || type.GetGenericTypeDefinition() == typeof(IAsyncEnumerable<>));

    // "RxConnector.ConnectAsync(host, port), Other" has the names ConnectAsync and Other.
    private static IEnumerable<string> NamesOf(string section) =>
        Arguments().Replace(section.Split('\n')[0], "").Split(',').Select(static name => name.Trim().Split('.')[^1]);

    [GeneratedRegex("^### ", RegexOptions.Multiline)]
    private static partial Regex HeadingStart();

    [GeneratedRegex(@"\([^)]*\)")]
    private static partial Regex Arguments();
}
