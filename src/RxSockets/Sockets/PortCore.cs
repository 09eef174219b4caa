using RxSockets.Diagnostics;
using RxSockets.Engines;

namespace RxSockets.Sockets;

/// <summary>
/// What everything on one completion port shares: the engine, the options, the books of what is open, and where unhandled
/// exceptions go. Thread-safe.
/// </summary>
internal sealed class PortCore : IMeasuredMembers
{
    private readonly Lock _sync = new();
    private readonly MemberTotals _left = new();
    private readonly TaskCompletionSource _empty;
    private readonly TaskCompletionSource _ended;
    private readonly Action<Exception> _unhandled;
    private PortMembers _members;
    private bool _disposed;

    public PortCore(CompletionEngine engine, string engineReason, CompletionPortOptions options, Action<Exception> unhandled)
    {
        Engine = engine;
        _empty = new TaskCompletionSource(engine.Completions);
        _ended = new TaskCompletionSource(engine.Completions);
        Options = options;
        _unhandled = unhandled;
        Closing = new ClosingSet(options.TimeProvider, options.CloseTimeout);
        Diagnostics = new PortDiagnostics(options, engine, engineReason, this);
    }

    public CompletionEngine Engine { get; }

    public CompletionPortOptions Options { get; }

    /// <summary>Metrics and the log.</summary>
    public PortDiagnostics Diagnostics { get; }

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
            // In one step with leaving: a sum over both never goes back.
            if (_members.Remove(member))
                member.MeasureInto(_left, left: true);
            empty = _disposed && _members.Count == 0;
        }

        if (empty)
            _empty.TrySetResult();
    }

    public void Unhandled(Exception error) => _unhandled(error);

    /// <summary>Nothing can be opened or ended meanwhile: ten thousand members take some milliseconds.</summary>
    public MemberTotals Measure()
    {
        var totals = new MemberTotals();
        lock (_sync)
        {
            totals.AddSumsOf(_left);
            for (IPortMember? member = _members.First; member is not null; member = member.NextMember)
                member.MeasureInto(totals, left: false);
        }

        return totals;
    }

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
            members = first ? _members.ToArray() : [];
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
        Diagnostics.Dispose();
        _ended.SetResult();
    }

    private sealed class Holding(PortCore port) : IPortMember, IDisposable
    {
        IPortMember? IPortMember.PreviousMember { get; set; }

        IPortMember? IPortMember.NextMember { get; set; }

        public void Dispose() => port.Remove(this);

        // Whatever is being opened finds the port disposed when it registers itself.
        void IPortMember.EndWithPort()
        {
        }
    }
}
