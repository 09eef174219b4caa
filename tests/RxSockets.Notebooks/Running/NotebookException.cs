namespace RxSockets.Notebooks.Running;

/// <summary>A notebook is not as it should be; the message says which and where.</summary>
internal sealed class NotebookException(string message) : Exception(message);
