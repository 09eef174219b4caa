namespace NotebookSupport;

/// <summary>Where the output of cells goes: into a notebook's file, or to a terminal. Called from any thread.</summary>
internal interface INotebookOutput
{
    /// <summary>Shows something new; the result names it for <see cref="Replace"/>.</summary>
    int Show(string mimeType, string content);

    /// <summary>Replaces what was shown.</summary>
    void Replace(int id, string mimeType, string content);
}
