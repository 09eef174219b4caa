using System.Net.Sockets;
using RxSockets.Operations;

namespace RxSockets.Sockets;

/// <summary>
/// The hot stream of a connection's ended sends and transmits, for any number of listeners. Nothing is kept or timed while nobody listens. Items are
/// told serially, where completions run; at most <see cref="Limit"/> wait for slow listeners, then the oldest are dropped, which their sequence numbers show.
/// <see cref="Add"/> and <see cref="Complete"/> are called under the connection's lock.
/// </summary>
internal sealed class TransmitHub(Connection connection) : CompletionWork
{
    public const int Limit = 1024;

    // So that one busy connection does not hold a worker or a loop for ever.
    private const int ItemsPerRun = 64;

    private readonly Lock _sync = new();
    private readonly Queue<TransmitCompletion> _waiting = new();
    private TransmitListener[] _listeners = [];
    private long _listeningSince;
    private long _sequence;
    private bool _scheduled;
    private bool _completed;

    /// <summary>Somebody listens.</summary>
    public bool IsHeard => Volatile.Read(ref _listeners).Length > 0;

    private TimeProvider Time => connection.Port.Time;

    public long Now() => Time.GetTimestamp();

    public void Add(TransmitKind kind, long bytes, long askedAt, SocketError error)
    {
        lock (_sync)
        {
            if (_listeners.Length == 0)
                return;
            if (_waiting.Count == Limit)
                _waiting.Dequeue();
            TimeSpan duration = Time.GetElapsedTime(askedAt == 0 ? _listeningSince : askedAt);
            _waiting.Enqueue(new TransmitCompletion(_sequence++, kind, bytes, duration, error));
            ScheduleLocked();
        }
    }

    /// <summary>The connection's life is over.</summary>
    public void Complete()
    {
        lock (_sync)
        {
            _completed = true;
            if (_listeners.Length > 0)
                ScheduleLocked();
        }
    }

    public void Join(TransmitListener listener)
    {
        lock (_sync)
        {
            if (_listeners.Length == 0)
                _listeningSince = Now();
            Volatile.Write(ref _listeners, [.. _listeners, listener]);
            if (_completed)
                ScheduleLocked();
        }
    }

    public void Leave(TransmitListener listener)
    {
        lock (_sync)
        {
            Volatile.Write(ref _listeners, [.. _listeners.Where(other => other != listener)]);
            if (_listeners.Length == 0)
                _waiting.Clear();
        }
    }

    public override void Run()
    {
        for (int told = 0; ; told++)
        {
            TransmitListener[] listeners;
            TransmitCompletion item;
            bool ended;
            lock (_sync)
            {
                ended = _waiting.Count == 0;
                if (told == ItemsPerRun && !ended)
                {
                    connection.Socket.Schedule(this);
                    return;
                }

                listeners = _listeners;
                if (ended)
                {
                    _scheduled = false;
                    if (!_completed)
                        return;
                    _listeners = [];
                }

                item = ended ? default : _waiting.Dequeue();
            }

            foreach (TransmitListener listener in listeners)
                Tell(listener, item, ended);
            if (ended)
                return;
        }
    }

    private void Tell(TransmitListener listener, TransmitCompletion item, bool ended)
    {
        try
        {
            listener.Tell(item, ended);
        }
        catch (Exception error) when (!ended)
        {
            Leave(listener);
            connection.HandlerThrew(error);
        }
    }

    private void ScheduleLocked()
    {
        if (_scheduled)
            return;
        _scheduled = true;
        connection.Socket.Schedule(this);
    }
}

/// <summary>Somebody who hears of completions.</summary>
internal abstract class TransmitListener
{
    private volatile bool _left;

    /// <summary>No call begins after this.</summary>
    public void Stop() => _left = true;

    public void Tell(TransmitCompletion item, bool ended)
    {
        if (_left)
            return;
        if (ended)
        {
            _left = true;
            OnCompleted();
        }
        else
        {
            OnNext(item);
        }
    }

    protected abstract void OnNext(TransmitCompletion item);

    protected abstract void OnCompleted();
}
