using System.Text;
using NotebookSupport;

namespace RxSockets.Notebooks.Running;

/// <summary>Keeps what the running cell shows and prints. What comes when no cell runs is kept too: the real kernel would drop it, so it is an error.</summary>
internal sealed class RecordingOutput : TextWriter, INotebookOutput
{
    private readonly Lock _gate = new();
    private readonly List<List<CellOutput>> _cells = [[]];
    private readonly List<(List<CellOutput> Cell, int Index)> _shown = [];

    public override Encoding Encoding => Encoding.UTF8;

    /// <summary>Ends one cell's output and begins another's.</summary>
    public IReadOnlyList<CellOutput> Next()
    {
        lock (_gate)
        {
            List<CellOutput> ended = _cells[^1];
            _cells.Add([]);
            return ended;
        }
    }

    public void Add(CellOutput output)
    {
        lock (_gate)
            _cells[^1].Add(output);
    }

    public int Show(string mimeType, string content)
    {
        lock (_gate)
        {
            _cells[^1].Add(new CellOutput("display_data", mimeType, content));
            _shown.Add((_cells[^1], _cells[^1].Count - 1));
            return _shown.Count - 1;
        }
    }

    public void Replace(int id, string mimeType, string content)
    {
        lock (_gate)
        {
            (List<CellOutput> cell, int index) = _shown[id];
            cell[index] = new CellOutput("display_data", mimeType, content);
        }
    }

    public override void Write(char value) => Write(value.ToString());

    public override void Write(char[] buffer, int index, int count) => Write(new string(buffer, index, count));

    public override void Write(string? value)
    {
        lock (_gate)
        {
            List<CellOutput> cell = _cells[^1];
            if (cell is [.., { Kind: "stream" } last])
                cell[^1] = last with { Content = last.Content + value };
            else if (!string.IsNullOrEmpty(value))
                cell.Add(new CellOutput("stream", "text/plain", value));
        }
    }

    public override void WriteLine(string? value) => Write(value + "\n");

    public override void WriteLine() => Write("\n");
}
