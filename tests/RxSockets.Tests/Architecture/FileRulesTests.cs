namespace RxSockets.Tests.Architecture;

public class FileRulesTests
{
    [Fact]
    public void A_file_may_have_as_many_lines_as_the_limit_says() =>
        Assert.Empty(FileRules.Length([new("a.cs", string.Concat(Enumerable.Repeat("x\n", FileRules.MaximumLines)))]));

    [Fact]
    public void One_line_more_is_refused() =>
        Assert.Equal(
            [$"a.cs: {FileRules.MaximumLines + 1} lines, at most {FileRules.MaximumLines}"],
            FileRules.Length([new("a.cs", string.Concat(Enumerable.Repeat("x\n", FileRules.MaximumLines + 1)))]));

    [Theory]
    [InlineData("// TO", "DO: later")]
    [InlineData("// FIX", "ME")]
    [InlineData("/* HA", "CK */")]
    [InlineData("// XX", "X")]
    [InlineData("throw new NotImplemented", "Exception();")]
    public void Unfinished_work_is_refused_in_code_and_comment(string start, string end) =>
        Assert.StartsWith("a.cs:2: ", Assert.Single(FileRules.Leftovers([new("a.cs", "\n" + start + end)])), StringComparison.Ordinal);

    [Theory]
    [InlineData("// the to do list of the hackers")]
    [InlineData("// XXXL")]
    [InlineData("throw new NotSupportedException();")]
    public void Other_words_are_not(string text) => Assert.Empty(FileRules.Leftovers([new("a.cs", text)]));
}
