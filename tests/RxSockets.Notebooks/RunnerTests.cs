using RxSockets.Notebooks.Running;

namespace RxSockets.Notebooks;

/// <summary>The runner, on notebooks made for it.</summary>
public sealed class RunnerTests : IDisposable
{
    private static readonly TimeSpan s_deadline = TimeSpan.FromSeconds(50);

    private readonly string _folder = Directory.CreateTempSubdirectory("notebooks").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private Notebook Write(params string[] cells) => MadeNotebook.Write(_folder, cells);

    [Fact]
    public async Task Directives_await_display_values_html_and_pictures_come_out_as_in_the_kernel()
    {
        await File.WriteAllTextAsync(Path.Combine(_folder, "more.csx"), "int Twice(int x) => 2 * x;");
        string picture = Convert.ToBase64String([0x89, .. "PNG\r\n\x1a\n"u8, .. new byte[2000]]);
        Notebook notebook = Write(
            "#r \"bin/System.Reactive.dll\"\n#r \"bin/RxSockets.dll\"\n#load \"more.csx\"\nusing System.Reactive.Linq;\nint four = await Observable.Return(Twice(2));",
            "four + 1",
            "Console.WriteLine(\"a\");\nConsole.Write('b');\ndisplay(four);\n\"<b>x</b>\".DisplayAs(\"text/html\");",
            $"\"{picture}\".DisplayAs(\"image/png\");",
            "var live = KernelInvocationContext.Current.Display(1, \"text/html\");\nlive.Update(2);\nConsole.WriteLine(RxSockets.Nothing.There);");
        IReadOnlyList<CellResult> results = await ChildRun.RunAsync(notebook.Path, s_deadline);
        Assert.Equal(5, results.Count);
        Assert.Empty(results[0].Outputs);
        Assert.Equal([new CellOutput("execute_result", "text/plain", "5")], results[1].Outputs);
        Assert.Equal(
            [new("stream", "text/plain", "a\nb"), new("display_data", "text/plain", "4"), new("display_data", "text/html", "<b>x</b>")], results[2].Outputs);
        Assert.Equal([new CellOutput("display_data", "image/png", picture)], results[3].Outputs);
        Assert.Contains("CS0234", results[4].Error);
        Assert.Contains("CS0234", Assert.Single(Verification.Errors(notebook, results)));
    }

    [Fact]
    public async Task An_exception_is_the_error_of_its_cell_and_ends_the_notebook()
    {
        Notebook notebook = Write("1", "throw new InvalidOperationException(\"planted\");", "2");
        IReadOnlyList<CellResult> results = await ChildRun.RunAsync(notebook.Path, s_deadline);
        Assert.Equal(2, results.Count);
        Assert.Contains("code cell 2: System.InvalidOperationException: planted", Assert.Single(Verification.Errors(notebook, results)));
    }

    [Fact]
    public async Task A_notebook_that_does_not_end_is_ended()
    {
        Notebook notebook = Write("await Task.Delay(-1);");
        NotebookException error = await Assert.ThrowsAsync<NotebookException>(() => ChildRun.RunAsync(notebook.Path, TimeSpan.FromSeconds(5)));
        Assert.Contains("did not end within 5 s", error.Message);
    }

    [Fact]
    public async Task A_notebook_that_ends_its_process_is_an_error()
    {
        Notebook notebook = Write("Environment.Exit(3);");
        NotebookException error = await Assert.ThrowsAsync<NotebookException>(() => ChildRun.RunAsync(notebook.Path, s_deadline));
        Assert.Contains("ended its process with 3", error.Message);
    }

    [Fact]
    public async Task Missing_outputs_and_outputs_of_other_code_are_found_and_update_brings_them()
    {
        Notebook notebook = Write("Console.WriteLine(1);\n2");
        IReadOnlyList<CellResult> results = await ChildRun.RunAsync(notebook.Path, s_deadline);
        Assert.Equal(2, Verification.Differences(notebook, results).Count());

        notebook.SetOutputs(results);
        notebook.Save();
        Notebook updated = Notebook.Load(notebook.Path);
        Assert.Empty(Verification.Differences(updated, results));
        Assert.Equal(results[0].Outputs, updated.CodeCells.Single().Outputs);

        await File.WriteAllTextAsync(updated.Path, (await File.ReadAllTextAsync(updated.Path)).Replace("WriteLine(1)", "WriteLine(7)", StringComparison.Ordinal));
        Assert.Contains("changed after its outputs", Assert.Single(Verification.Differences(Notebook.Load(updated.Path), results)));
    }

    [Fact]
    public void What_is_not_a_picture_is_not_taken_for_one()
    {
        Notebook notebook = Write("1");
        var result = new CellResult([new("display_data", "image/png", Convert.ToBase64String(new byte[2000]))], null, 1);
        Assert.Contains("not a PNG", Assert.Single(Verification.Errors(notebook, [result])));
    }
}
