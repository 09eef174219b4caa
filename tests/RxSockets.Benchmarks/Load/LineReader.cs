using System.Collections.Concurrent;

namespace RxSockets.Benchmarks.Load;

/// <summary>Lines of a reader, read by a thread of its own, so that the load goes on while none is there.</summary>
internal sealed class LineReader
{
    private readonly BlockingCollection<string> _lines = [];

    public LineReader(TextReader reader)
    {
        var thread = new Thread(() =>
        {
            while (reader.ReadLine() is { } line)
                _lines.Add(line);
            _lines.CompleteAdding();
        })
        { IsBackground = true, Name = "lines" };
        thread.Start();
    }

    /// <summary>A line is there, or the end.</summary>
    public bool HasNext => _lines.Count > 0 || _lines.IsAddingCompleted;

    /// <summary>The next line, waited for; null at the end.</summary>
    public string? Next() => _lines.TryTake(out string? line, Timeout.Infinite) ? line : null;
}
