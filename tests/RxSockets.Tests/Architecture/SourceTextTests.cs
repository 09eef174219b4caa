namespace RxSockets.Tests.Architecture;

public class SourceTextTests
{
    [Theory]
    [InlineData("a // b\nc", "a  \nc")]
    [InlineData("a /* b\nc */ d", "a  \n d")]
    [InlineData("a \"b // c\" d", "a   d")]
    [InlineData("a \"\\\"b\" c", "a   c")]
    [InlineData("a @\"b\\\" c", "a @  c")]
    [InlineData("a @$\"b\\\" c", "a @$  c")]
    [InlineData("a \"\"\"b \"c\" \"\"\" d", "a   d")]
    [InlineData("a '\"' b \"c\" d", "a   b   d")]
    [InlineData("a '\\'' b", "a   b")]
    [InlineData("#region it's\na \"b\" c", "#region it \na   c")]
    [InlineData("a \"not ended", "a  ")]
    public void Comments_and_literals_are_taken_out_and_lines_stay(string text, string code) => Assert.Equal(code, SourceText.CodeOf(text));
}
