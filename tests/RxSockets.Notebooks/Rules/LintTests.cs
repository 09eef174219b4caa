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
