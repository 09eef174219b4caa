using Microsoft.DotNet.Interactive;
using RxSockets.Notebooks.Running;
using RxSockets.Testing;

namespace RxSockets.Notebooks;

/// <summary>The notebooks in the real kernel, where it is installed: what it takes and shows is its own word, and not the runner's.</summary>
[TestDeadline(130)]
public sealed class KernelTests(KernelFolder folder) : IClassFixture<KernelFolder>
{
    public static TheoryData<string> Names => [.. NotebookFolder.Names];

    private Task<IReadOnlyList<CellResult>> RunAsync(Notebook notebook, TimeSpan deadline)
    {
        Assert.SkipWhen(folder.Tool is null, KernelTool.Missing);
        return KernelRun.RunAsync(folder.Tool, notebook, folder.Location, deadline);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public async Task It_runs_in_the_real_kernel_and_gives_the_outputs_in_its_file(string name)
    {
        Notebook notebook = NotebookFolder.Load(name);
        IReadOnlyList<CellResult> results = await RunAsync(notebook, KernelRun.Deadline);
        Assert.Empty(Verification.Errors(notebook, results));
        Assert.Empty(Verification.Differences(notebook, results));
    }

    [Fact]
    public async Task A_cell_that_fails_in_the_kernel_ends_the_notebook()
    {
        Notebook notebook = MadeNotebook.Write(folder.Location, "Console.WriteLine(1);\n\"two\"", "DisplayedValue live = null;", "3");
        IReadOnlyList<CellResult> results = await RunAsync(notebook, KernelRun.Deadline);
        Assert.Equal(2, results.Count);
        Assert.Equal([new("stream", "text/plain", "1\n"), new("execute_result", "text/plain", "two")], results[0].Outputs);
        Assert.Contains("code cell 2: (1,1): error CS0246", Assert.Single(Verification.Errors(notebook, results)));
    }

    [Fact]
    public async Task A_notebook_that_does_not_end_in_the_kernel_is_ended()
    {
        Notebook notebook = MadeNotebook.Write(folder.Location, "await Task.Delay(-1);");
        NotebookException error = await Assert.ThrowsAsync<NotebookException>(() => RunAsync(notebook, TimeSpan.FromSeconds(10)));
        Assert.Contains("did not end within 10 s in the kernel; it was at code cell 1", error.Message);
    }

    [Fact]
    public async Task A_notebook_that_ends_the_kernel_is_an_error()
    {
        Notebook notebook = MadeNotebook.Write(folder.Location, "1", "Environment.Exit(3);");
        NotebookException error = await Assert.ThrowsAsync<NotebookException>(() => RunAsync(notebook, KernelRun.Deadline));
        Assert.Contains("ended the kernel's process in code cell 2", error.Message);
    }

    [Fact]
    public async Task The_stand_ins_have_the_names_that_the_kernel_has()
    {
        string[] names = [.. typeof(Kernel).Assembly.GetExportedTypes().Select(static type => type.FullName!)];
        Assert.NotEmpty(names);
        Notebook notebook = MadeNotebook.Write(folder.Location, [.. names.Select(static name => $"typeof({name}).FullName")]);
        IReadOnlyList<CellResult> results = await RunAsync(notebook, KernelRun.Deadline);
        Assert.Empty(Verification.Errors(notebook, results));
        Assert.Equal(names, results.Select(static result => Assert.Single(result.Outputs).Content));
    }

    [Fact]
    public void The_tool_is_the_one_named_or_else_on_the_path_or_else_a_global_one()
    {
        string[] folders = [.. new[] { "named", "path", "global" }.Select(name => Directory.CreateDirectory(Path.Combine(folder.Location, name)).FullName)];
        string file = OperatingSystem.IsWindows() ? "dotnet-interactive.exe" : "dotnet-interactive";
        string[] tools = [.. folders.Select(one => Path.Combine(one, file))];
        Assert.Null(KernelTool.Find(null, folders[1], folders[2]));
        foreach (string tool in tools)
            File.WriteAllText(tool, "");
        Assert.Equal(tools[0], KernelTool.Find(tools[0], folders[1], folders[2]));
        Assert.Equal(tools[1], KernelTool.Find("", folders[1], folders[2]));
        Assert.Equal(tools[2], KernelTool.Find(null, "", folders[2]));
        Assert.Contains("no such file", Assert.Throws<NotebookException>(() => KernelTool.Find(tools[0] + "x", folders[1], folders[2])).Message);
    }
}
