namespace RxSockets.Notebooks.Rules;

/// <summary>Each rule, broken.</summary>
public class LintTests
{
    [Theory]
    [InlineData("using var file = File.OpenRead(\"x\");", "top-level using")]
    [InlineData("await using var listener = Open();", "top-level using")]
    [InlineData("await using RxListener listener = Open();", "top-level using")]
    [InlineData("namespace A { class B; }", "a namespace")]
    [InlineData("static int Twice(this int x) => 2 * x;", "an extension method")]
    [InlineData("#!time\n1 + 1", "a magic command")]
    [InlineData("int x = 1;\n#load \"more.csx\"", "come first")]
    [InlineData("numbers.Subscribe(Console.WriteLine);", "does not await")]
    [InlineData("async Task Later() => await Task.Yield();\nnumbers.Subscribe(Console.WriteLine);", "does not await")]
    [InlineData("display(1).Update(2);", "is broken")]
    [InlineData("var shown = display(1);", "is broken")]
    [InlineData("Console.ReadLine();", "must end by itself")]
    [InlineData("while (true) Work();", "a loop without an end")]
    [InlineData("for (;;) { Work(); }", "a loop without an end")]
    [InlineData("await foreach (RxConnection one in listener.AcceptAllAsync()) { Serve(one); }", "a loop without an end")]
    public void A_cell_that_the_kernel_would_refuse_or_cut_off_is_found(string cell, string message) =>
        Assert.Contains(message, Assert.Single(Lint.Cell(cell)));

    [Theory]
    [InlineData("{ using var file = File.OpenRead(\"x\"); }")]
    [InlineData("await using (RxListener listener = Open()) { }")]
    [InlineData("async Task Serve() { await using var one = Open(); }")]
    [InlineData("using System.Net;\nusing (Open()) { }\nrecord Point(int X);\n1 + 1")]
    [InlineData("{ using var watching = numbers.Subscribe(Console.WriteLine); }")]
    [InlineData("numbers.Subscribe(Console.WriteLine);\nawait Task.Delay(10);")]
    [InlineData("await foreach (RxConnection one in listener.AcceptAllAsync()) { if (++n == 3) break; }")]
    [InlineData("var live = KernelInvocationContext.Current.Display(1, \"text/html\");\nlive.Update(2);")]
    public void A_cell_that_it_takes_is_not(string cell) => Assert.Empty(Lint.Cell(cell));

    [Theory]
    [InlineData("DisplayedValue live = null;", "'DisplayedValue'")]
    [InlineData("using Microsoft.DotNet.Interactive;\nDisplayedValue live = KernelInvocationContext.Current.Display(1);", "'DisplayedValue'")]
    [InlineData("var live = KernelInvocationContext.Current.Display(1);", "'KernelInvocationContext'")]
    [InlineData("Kernel.display(1);", "'Kernel'")]
    [InlineData("using NotebookSupport;\nNotebookOutput.Format(1)", "'NotebookOutput'")]
    [InlineData("Path.GetTempPath()", "'Path'")]
    [InlineData("#r \"bin/RxSockets.dll\"\nRxListener listener = null;", "'RxListener'")]
    public void A_name_that_the_kernel_does_not_import_is_found(string cell, string name)
    {
        string error = Assert.Single(KernelCompilation.Errors(["int before = 1;", cell], AppContext.BaseDirectory));
        Assert.StartsWith("code cell 2: ", error);
        Assert.Contains(name, error);
    }

    [Fact]
    public void Names_that_it_imports_or_an_earlier_cell_did_are_not() =>
        Assert.Empty(KernelCompilation.Errors(
            [
                "#r \"bin/RxSockets.dll\"\nusing System.IO;\nusing Microsoft.DotNet.Interactive;\nusing RxSockets;",
                "var live = KernelInvocationContext.Current.Display(new StringBuilder(), \"text/html\");\nlive.Update(await Task.FromResult(Path.GetTempPath()));",
                "RxListener listener = null;\nvar shown = \"<b>x</b>\".DisplayAs(\"text/html\");\ndisplay(new List<int> { 1 }.Select(one => one));",
                "live",
            ],
            AppContext.BaseDirectory));

    [Theory]
    [InlineData("#r \"bin/RxSockets.dll\"\n#r \"bin/System.Reactive.dll\"", "must come before")]
    [InlineData("#r \"bin/RxSockets.dll\"", "must come before")]
    [InlineData("#r \"nuget: RxSockets, 0.1.0\"", "only ScottPlot")]
    [InlineData("#r \"../src/RxSockets/bin/Debug/net10.0/Other.dll\"", "is not a file of the publish folder")]
    public void References_in_another_order_or_from_elsewhere_are_found(string cell, string message) =>
        Assert.Contains(message, Assert.Single(Lint.References([cell])));

    [Fact]
    public void References_after_the_first_cell_are_found() =>
        Assert.Contains("first code cell", Assert.Single(Lint.References(["1", "#r \"bin/System.Reactive.dll\"\n#r \"bin/RxSockets.dll\""])));

    [Fact]
    public void The_right_order_is_not() =>
        Assert.Empty(Lint.References(["#r \"bin/System.Reactive.dll\"\n#r \"bin/RxSockets.dll\"\n#r \"nuget: ScottPlot, 5.1.59\"", "1"]));
}
