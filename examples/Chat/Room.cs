using System.Reactive.Subjects;

namespace Chat;

/// <summary>What is said, for everybody in it, and who is in it. What is said comes from one merged pipeline, so it is said one line at a time.</summary>
internal sealed class Room : IDisposable
{
    private readonly Subject<string> _said = new();
    private readonly HashSet<string> _names = new(StringComparer.OrdinalIgnoreCase);

    public IObservable<string> Said => _said;

    public bool TryEnter(string name)
    {
        lock (_names)
            return _names.Add(name);
    }

    public void Leave(string name)
    {
        lock (_names)
            _names.Remove(name);
    }

    public void Say(string line) => _said.OnNext(line);

    public void Dispose() => _said.Dispose();
}
