using RxSockets.Engines;

namespace RxSockets.Sockets;

/// <summary>
/// What everything on one completion port shares: the engine, the options, the books of what is open, and where unhandled
/// exceptions go. Thread-safe.
/// </summary>
internal sealed class PortCore
{
    private readonly Lock _sync = new();
    private readonly HashSet<IPortMember> _members = [];
    private readonly TaskCompletionSource _empty;
    private readonly TaskCompletionSource _ended;
    private readonly Action<Exception> _unhandled;
    private bool _disposed;

    public PortCore(CompletionEngine engine, CompletionPortOptions options, Action<Exception> unhandled)
    {
        Engine = engine;
        _empty = new TaskCompletionSource(engine.Completions);
        _ended = new TaskCompletionSource(engine.Completions);
        Options = options;
        _unhandled = unhandled;
        Closing = new ClosingSet(options.TimeProvider, options.CloseTimeout);
    }

    public CompletionEngine Engine { get; }

    public CompletionPortOptions Options { get; }

    public TimeProvider Time => Options.TimeProvider;

    /// <summary>Connections that wait for their peer to end.</summary>
    public ClosingSet Closing { get; }

    /// <summary>Listeners, connections and connects that are open.</summary>
    public int MemberCount
    {
        get
        {
            lock (_sync)
                return _members.Count;
        }
    }

    public void ThrowIfDisposed()
    {
        lock (_sync)
            ObjectDisposedException.ThrowIf(_disposed, typeof(CompletionPort));
    }

    /// <summary>Keeps the engine alive until disposed of, for whoever opens something that registers itself once it is open.</summary>
    /// <exception cref="ObjectDisposedException">The port is being disposed.</exception>
    public IDisposable Hold()
    {
        var hold = new Holding(this);
        if (Add(hold))
            return hold;
        hold.Dispose();
        throw new ObjectDisposedException(typeof(CompletionPort).FullName);
    }

    /// <summary>Registers something open. False when the port is being disposed: the caller ends it at once (and still removes it).</summary>
    public bool Add(IPortMember member)
    {
        lock (_sync)
        {
            _members.Add(member);
            return !_disposed;
        }
    }

    public void Remove(IPortMember member)
    {
        bool empty;
        lock (_sync)
        {
            _members.Remove(member);
            empty = _disposed && _members.Count == 0;
        }

        if (empty)
            _empty.TrySetResult();
    }

    public void Unhandled(Exception error) => _unhandled(error);

    /// <summary>
    /// Ends every member in order, waits for them (each is bounded by CloseTimeout without progress), then ends the engine. Whoever calls again waits
    /// for the same end.
    /// </summary>
    public async ValueTask DisposeAsync()
    {
        IPortMember[] members;
        bool first;
        lock (_sync)
        {
            first = !_disposed;
            _disposed = true;
            members = first ? [.. _members] : [];
            if (_members.Count == 0)
                _empty.TrySetResult();
        }

        if (!first)
        {
            await _ended.Task.ConfigureAwait(false);
            return;
        }

        foreach (IPortMember member in members)
            member.EndWithPort();
        await _empty.Task.ConfigureAwait(false);
        Closing.Dispose();
        await Engine.ShutDownAsync().ConfigureAwait(false);
        _ended.SetResult();
    }

    private sealed class Holding(PortCore port) : IPortMember, IDisposable
    {
        public void Dispose() => port.Remove(this);

        // Whatever is being opened finds the port disposed when it registers itself.
        void IPortMember.EndWithPort()
        {
        }
    }
}

/// <summary>Something open on a port.</summary>
internal interface IPortMember
{
    /// <summary>The port is being disposed.</summary>
    void EndWithPort();
}
