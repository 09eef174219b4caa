namespace RxSockets.Benchmarks.Running;

/// <summary>One line on the terminal that changes as things go on; where the errors go to a file, only what should stay.</summary>
internal sealed class Progress(TextWriter writer, bool isTerminal)
{
    private int _length;

    public void Tell(string text)
    {
        if (!isTerminal)
            return;
        writer.Write("\r" + text.PadRight(_length));
        _length = text.Length;
    }

    public void Line(string text)
    {
        Clear();
        writer.WriteLine(text);
    }

    public void Clear()
    {
        if (isTerminal && _length > 0)
            writer.Write("\r" + new string(' ', _length) + "\r");
        _length = 0;
    }
}
