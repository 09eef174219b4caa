using RxSockets.Notebooks.Rules;
using RxSockets.Notebooks.Running;
using RxSockets.Testing;

namespace RxSockets.Notebooks;

/// <summary>The notebooks of the repository: they run, their outputs are there and from their code, and their twins are theirs.</summary>
public class NotebookTests
{
    public static TheoryData<string> Names => [.. NotebookFolder.Names];

    [Theory]
    [MemberData(nameof(Names))]
    [TestDeadline(130)]
    public async Task It_runs_and_gives_the_outputs_in_its_file(string name)
    {
        Notebook notebook = NotebookFolder.Load(name);
        IReadOnlyList<CellResult> results = await ChildRun.RunAsync(notebook.Path, ChildRun.Deadline);
        Assert.Empty(Verification.Errors(notebook, results));
        Assert.Empty(Verification.Differences(notebook, results));
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void The_real_kernel_takes_it(string name) => Assert.Empty(Lint.Check(NotebookFolder.Load(name)));

    [Theory]
    [MemberData(nameof(Names))]
    public void The_twin_beside_it_is_made_from_its_cells(string name) =>
        Assert.Equal(Twin.Of(NotebookFolder.Load(name)), File.ReadAllText(NotebookFolder.TwinOf(name)));

    [Theory]
    [MemberData(nameof(Names))]
    public void The_twin_compiles(string name)
    {
        const string Implicit = "global using System; global using System.Collections.Generic; global using System.IO; global using System.Linq; "
            + "global using System.Net.Http; global using System.Threading; global using System.Threading.Tasks;";
        string code = string.Join('\n', File.ReadLines(NotebookFolder.TwinOf(name)).Where(static line => !line.StartsWith("#:", StringComparison.Ordinal)));
        Assert.Empty(CompiledProgram.Errors(code, Implicit));
    }

    [Fact]
    public void There_are_notebooks_and_each_twin_has_one()
    {
        Assert.NotEmpty(NotebookFolder.Names);
        Assert.Equal(
            NotebookFolder.Names, Directory.GetFiles(NotebookFolder.Location, "*.cs").Select(static file => Path.GetFileNameWithoutExtension(file)).Order(StringComparer.Ordinal));
    }
}
