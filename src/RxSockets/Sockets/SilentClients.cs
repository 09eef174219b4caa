namespace RxSockets.Sockets;

/// <summary>
/// Accepted connections that have not sent a byte yet, oldest first. A sweep reads the connect time of each (SO_CONNECT_TIME) and aborts
/// those older than the limit: what the AcceptEx documentation recommends against clients that connect and say nothing.
/// </summary>
internal sealed class SilentClients : IDisposable
{
    private readonly Lock _sync = new();
    private readonly LinkedList<Connection> _oldestFirst = [];
    private readonly Dictionary<Connection, LinkedListNode<Connection>> _nodes = [];
    private readonly TimeSpan _limit;
    private readonly int _capacity;
    private readonly ITimer _timer;
    private readonly TimeSpan _period;
    private bool _disposed;

    public SilentClients(TimeProvider time, TimeSpan limit, int capacity)
    {
        _limit = limit;
        _capacity = capacity;
        _period = TimeSpan.FromTicks(Math.Max(TimeSpan.TicksPerMillisecond, Math.Min(limit.Ticks / 4, TimeSpan.TicksPerSecond)));
        using (ExecutionContext.SuppressFlow())
            _timer = time.CreateTimer(static state => ((SilentClients)state!).Sweep(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>Clients aborted so far, for silence or for being too many.</summary>
    public long Dropped { get; private set; }

    /// <summary>False when the listener has ended: the connection is the caller's to end.</summary>
    public bool Add(Connection connection)
    {
        Connection? oldest = null;
        lock (_sync)
        {
            if (_disposed)
                return false;
            _nodes[connection] = _oldestFirst.AddLast(connection);
            if (_nodes.Count == 1)
                _timer.Change(_period, _period);
            if (_nodes.Count > _capacity)
                oldest = _oldestFirst.First!.Value;
            if (oldest is not null)
                RemoveLocked(oldest, dropped: true);
        }

        oldest?.Drop(DropRule.FirstData, $"More than {_capacity} clients were silent; this was the oldest (MaxPendingFirstData).");
        return true;
    }

    /// <summary>False when it is not waiting any more: dropped, or the listener ended.</summary>
    public bool Remove(Connection connection)
    {
        lock (_sync)
            return RemoveLocked(connection, dropped: false);
    }

    public Connection[] TakeAll()
    {
        lock (_sync)
        {
            _disposed = true;
            Connection[] all = [.. _oldestFirst];
            _oldestFirst.Clear();
            _nodes.Clear();
            return all;
        }
    }

    public void Dispose() => _timer.Dispose();

    private bool RemoveLocked(Connection connection, bool dropped)
    {
        if (_disposed || !_nodes.Remove(connection, out LinkedListNode<Connection>? node))
            return false;
        _oldestFirst.Remove(node);
        if (_nodes.Count == 0)
            _timer.Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        if (dropped)
            Dropped++;
        return true;
    }

    private void Sweep()
    {
        List<Connection>? silent = null;
        lock (_sync)
        {
            foreach (Connection connection in _oldestFirst)
            {
                if (connection.Handle.ConnectTime is { } age && age >= _limit)
                    (silent ??= []).Add(connection);
            }

            foreach (Connection connection in silent ?? [])
                RemoveLocked(connection, dropped: true);
        }

        foreach (Connection connection in silent ?? [])
            connection.Drop(DropRule.FirstData, $"Connected for {_limit} without a byte (FirstDataTimeout).");
    }
}
