using Microsoft.CodeAnalysis;
using RxSockets.Notebooks.Running;

namespace RxSockets.Notebooks.Pages;

/// <summary>The pages of the documentation: their code compiles, what they link to is there, and all of them can be found.</summary>
public class PageTests
{
    // What a block of code may use without saying where it came from.
    private const string Known = """
        global using System; global using System.Buffers; global using System.Collections.Generic; global using System.IO; global using System.Linq;
        global using System.Net; global using System.Net.Sockets; global using System.Text; global using System.Threading; global using System.Threading.Tasks;
        global using System.Reactive.Linq; global using System.Reactive.Threading.Tasks; global using Microsoft.Win32.SafeHandles;
        global using RxSockets; global using RxSockets.Testing; global using static Known;

        internal static class Known
        {
            public static RxConnection connection => throw null!;
            public static IPEndPoint endPoint => throw null!;
            public static SafeFileHandle file => throw null!;
            public static string path => throw null!;
            public static ReadOnlyMemory<byte> header => default;
            public static ReadOnlyMemory<byte> trailer => default;
            public static ReadOnlyMemory<byte> hello => default;
            public static ReadOnlyMemory<byte> answer => default;
            public static CancellationToken cancellationToken => default;
        }
        """;

    public static TheoryData<string> Paths => [.. Page.All.Select(static page => page.Path)];

    public static TheoryData<string> WithCode => [.. Page.All.Where(static page => page.Code.Any()).Select(static page => page.Path)];

    [Theory]
    [MemberData(nameof(WithCode))]
    public void Its_code_compiles(string path)
    {
        IEnumerable<string> errors =
            from block in Page.Get(path).Code
            from error in CompiledProgram.Errors(block.Code, Known)
            select $"{path}({block.Line + error.Location.GetLineSpan().StartLinePosition.Line}): {error.GetMessage()}";
        Assert.Empty(errors);
    }

    [Theory]
    [MemberData(nameof(Paths))]
    public void What_it_links_to_is_there(string path)
    {
        foreach ((string target, string anchor) in Page.Get(path).Links)
        {
            Assert.True(System.IO.Path.Exists(System.IO.Path.Combine(NotebookFolder.Root, target)), $"{path} links to {target}, which is not there.");
            if (anchor.Length > 0)
                Assert.Contains(anchor, Page.Get(target).Anchors);
        }
    }

    [Fact]
    public void The_readme_links_every_page_of_docs()
    {
        IEnumerable<string> pages = Page.All.Select(static page => page.Path).Where(static path => path.StartsWith("docs/", StringComparison.Ordinal) && path.Count('/') == 1);
        Assert.NotEmpty(pages);
        Assert.Empty(pages.Except(Page.Get("README.md").Links.Select(static link => link.Path)));
    }
}
