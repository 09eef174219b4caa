using System.Text.RegularExpressions;

namespace NotebookSupport;

/// <summary>For a twin: text is printed, HTML without its tags, and a picture is written to a file, whose path is printed.</summary>
internal sealed partial class TerminalOutput : INotebookOutput
{
    private int _shown;

    public int Show(string mimeType, string content)
    {
        int id = Interlocked.Increment(ref _shown);
        Replace(id, mimeType, content);
        return id;
    }

    public void Replace(int id, string mimeType, string content)
    {
        switch (mimeType)
        {
            case "image/png":
                string name = $"{Path.GetFileNameWithoutExtension(Environment.ProcessPath)}-{id}.png";
                string path = Path.Combine(Path.GetTempPath(), name);
                File.WriteAllBytes(path, Convert.FromBase64String(content));
                Console.WriteLine($"[picture: {path}]");
                break;
            case "text/html":
                Console.WriteLine(Tag().Replace(RowEnd().Replace(content, "\n"), " ").Trim());
                break;
            default:
                Console.WriteLine(content);
                break;
        }
    }

    [GeneratedRegex("<[^>]*>")]
    private static partial Regex Tag();

    [GeneratedRegex("</tr>|<br>")]
    private static partial Regex RowEnd();
}
