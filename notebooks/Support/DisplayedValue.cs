using NotebookSupport;

namespace Microsoft.DotNet.Interactive.Formatting;

/// <summary>A value shown under a cell. In a namespace that no cell has from the start, as in the kernel.</summary>
public sealed class DisplayedValue
{
    private readonly string _mimeType;
    private readonly INotebookOutput _output = NotebookOutput.Current;
    private readonly int _id;

    internal DisplayedValue(object? value, string mimeType)
    {
        _mimeType = mimeType;
        _id = _output.Show(mimeType, NotebookOutput.Format(value));
    }

    /// <summary>Replaces what is shown.</summary>
    public void Update(object? value) => _output.Replace(_id, _mimeType, NotebookOutput.Format(value));
}
