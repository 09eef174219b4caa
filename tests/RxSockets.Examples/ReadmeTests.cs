namespace RxSockets.Examples;

/// <summary>What README.md says is what the repository does.</summary>
public class ReadmeTests
{
    private static readonly string s_root = Path.GetFullPath(Path.Combine(AppContext.BaseDirectory, "..", "..", "..", "..", ".."));

    [Fact]
    public async Task The_example_is_the_file_that_is_compiled_here()
    {
        string readme = (await File.ReadAllTextAsync(Path.Combine(s_root, "README.md"))).ReplaceLineEndings("\n");
        string example = readme.Split("```csharp\n")[1].Split("```")[0];
        string file = (await File.ReadAllTextAsync(Path.Combine(s_root, "tests", "RxSockets.Examples", "ReadmeExample.cs"))).ReplaceLineEndings("\n");
        string indented = string.Concat(example.Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries));
        string body = string.Concat(file.Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries));
        Assert.Contains(indented, body, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_example_runs()
    {
        TextWriter before = Console.Out;
        using var output = new StringWriter();
        Console.SetOut(output);
        try
        {
            await ReadmeExample.RunAsync().WaitAsync(TimeSpan.FromSeconds(30));
        }
        finally
        {
            Console.SetOut(before);
        }

        Assert.Contains("5 bytes left with the connect", output.ToString(), StringComparison.Ordinal);
        Assert.Contains("hello again", output.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void Every_file_it_links_to_is_there()
    {
        string readme = File.ReadAllText(Path.Combine(s_root, "README.md"));
        foreach (System.Text.RegularExpressions.Match link in System.Text.RegularExpressions.Regex.Matches(readme, @"\]\((?!http)(?<path>[^)#]+)\)"))
            Assert.True(Path.Exists(Path.Combine(s_root, link.Groups["path"].Value)), $"README.md links to {link.Groups["path"].Value}, which is not there.");
    }
}
