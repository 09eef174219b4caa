namespace RxSockets.Sockets;

/// <summary>
/// The connections of a port that are closing and wait for their peer; one timer for all of them. A connection that makes no progress
/// for the timeout is aborted, at most a quarter of the timeout late.
/// </summary>
internal sealed class ClosingSet : IDisposable
{
    private readonly Lock _sync = new();
    private readonly Dictionary<Connection, Waiting> _connections = [];
    private readonly TimeProvider _time;
    private readonly TimeSpan _timeout;
    private readonly ITimer _timer;
    private readonly TimeSpan _period;

    public ClosingSet(TimeProvider time, TimeSpan timeout)
    {
        _time = time;
        _timeout = timeout;
        _period = TimeSpan.FromTicks(Math.Max(TimeSpan.TicksPerMillisecond, Math.Min(timeout.Ticks / 4, TimeSpan.TicksPerSecond)));
        using (ExecutionContext.SuppressFlow())
            _timer = time.CreateTimer(static state => ((ClosingSet)state!).Sweep(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>Connections aborted because their peer made no progress.</summary>
    public long TimedOut { get; private set; }

    public void Add(Connection connection)
    {
        lock (_sync)
        {
            if (_connections.TryAdd(connection, new Waiting { Progress = connection.Progress, Since = _time.GetTimestamp() }) && _connections.Count == 1)
                _timer.Change(_period, _period);
        }
    }

    public void Remove(Connection connection)
    {
        lock (_sync)
        {
            if (_connections.Remove(connection) && _connections.Count == 0)
                _timer.Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        }
    }

    public void Dispose() => _timer.Dispose();

    private void Sweep()
    {
        List<Connection>? late = null;
        lock (_sync)
        {
            // No LINQ here: its assembly may not have been loaded yet, and with descriptors exhausted it could not be.
            foreach ((Connection connection, Waiting waiting) in _connections)
            {
                long progress = connection.Progress;
                if (progress != waiting.Progress)
                {
                    waiting.Progress = progress;
                    waiting.Since = _time.GetTimestamp();
                }
                else if (_time.GetElapsedTime(waiting.Since) >= _timeout)
                {
                    (late ??= []).Add(connection);
                }
            }

            foreach (Connection connection in late ?? [])
                _connections.Remove(connection);
            TimedOut += late?.Count ?? 0;
        }

        // Outside of the lock: aborting takes the connection's lock, and a connection takes ours under its own.
        foreach (Connection connection in late ?? [])
            connection.CloseTimedOut();
    }

    /// <summary>What a connection had moved when it was looked at last, and since when it has moved nothing.</summary>
    private sealed class Waiting
    {
        public long Progress;
        public long Since;
    }
}
