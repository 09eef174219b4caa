using RxSockets.Engines;
using RxSockets.Operations;

namespace RxSockets.Testing;

/// <summary>
/// Runs a simulation on one thread: what is ready, one thing at a time in an order that the seed decides, and when nothing is, time moves to the next event.
/// What awaits in the body of a run comes back by <see cref="SimulationContext"/>; completions run without one, so that awaits of the library go on in place.
/// Other threads may ask for things at any time, but then the order is theirs.
/// </summary>
internal sealed partial class SimulationLoop
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan s_lastWait = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan s_longestWait = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan s_grace = TimeSpan.FromMilliseconds(1);

    private readonly SimulationContext _context;
    private readonly EventQueue _events;
    private readonly List<(CompletionWork Work, Action<Exception> Unhandled)> _works = [];
    private readonly Queue<(SendOrPostCallback Run, object? State)> _posts = new();
    private readonly AutoResetEvent _woken = new(initialState: false);
    private readonly AutoResetEvent _passed = new(initialState: false);
    private Thread? _thread;
    private long _now;
    private int _foreign;
    private long _foreignEntries;
    private long _lastForeign;
    private Exception? _failure;

    public SimulationLoop(SimulationRandom random)
    {
        Random = random;
        _events = new EventQueue(random);
        _context = new SimulationContext(this);
        Clock = new SimulationClock(this);
        // Compiled now: while the first one is, what fled is in neither count (see Settle).
        ForeignEntered();
        ForeignLeft();
        _foreignEntries = 0;
    }

    /// <summary>Guards everything of the network; the innermost of all locks.</summary>
    public Lock Sync { get; } = new();

    public SimulationRandom Random { get; }

    public SimulationClock Clock { get; }

    /// <summary>How likely what is ready runs in another order than it became ready.</summary>
    public double Reordering { get; set; }

    /// <summary>Ticks since the simulation began.</summary>
    public long Now => IsLive ? LiveNow : Volatile.Read(ref _now);

    public bool IsOnThread => Thread.CurrentThread == _thread;

    /// <summary>How often code of the simulation ran on a thread that is not the simulation's.</summary>
    public long ForeignEntries => Volatile.Read(ref _foreignEntries);

    /// <summary>Has it happen after so many ticks; after 0, still not before this returns. Any thread; may hold <see cref="Sync"/>.</summary>
    public SimulationEvent After(long ticks, Action run)
    {
        var item = new SimulationEvent(run);
        lock (Sync)
            _events.Add(Now + ticks, item);
        Wake();
        return item;
    }

    /// <summary>Runs the work soon; what it throws goes there.</summary>
    public void Schedule(CompletionWork work, CompletionScheduling scheduling, Action<Exception> unhandled)
    {
        if (IsLive && TryRunOnPool(work, scheduling, unhandled))
            return;
        lock (Sync)
            _works.Add((work, unhandled));
        Wake();
    }

    public void Post(SendOrPostCallback run, object? state)
    {
        lock (Sync)
            _posts.Enqueue((run, state));
        Wake();
    }

    public void ForeignEntered()
    {
        Interlocked.Increment(ref _foreign);
        Interlocked.Increment(ref _foreignEntries);
    }

    public void ForeignLeft()
    {
        Volatile.Write(ref _lastForeign, TimeProvider.System.GetTimestamp());
        Interlocked.Decrement(ref _foreign);
        Wake();
    }

    /// <summary>Ends the run with this. The first one stands.</summary>
    public void Fail(Exception failure) => _failure ??= failure;

    /// <summary>On the thread that becomes the simulation's: until the body has ended, or failed, or can never end.</summary>
    public Task Run(Func<Task> body, TimeSpan timeLimit)
    {
        _thread = Thread.CurrentThread;
        SimulationThread.Enter(this);
        SynchronizationContext.SetSynchronizationContext(_context);
        Task task = body();
        SynchronizationContext.SetSynchronizationContext(null);
        long end = timeLimit == Timeout.InfiniteTimeSpan ? long.MaxValue : _now + timeLimit.Ticks;
        while (_failure is null && (Step() || (!task.IsCompleted && Advance(end))))
        {
        }

        if (Interlocked.Exchange(ref _failure, null) is { } failure)
            System.Runtime.ExceptionServices.ExceptionDispatchInfo.Throw(failure);
        return task;
    }

    // Runs one ready thing; false when none is.
    private bool Step()
    {
        (CompletionWork? Work, Action<Exception>? Unhandled) ready = default;
        SimulationEvent? due = null;
        (SendOrPostCallback? Run, object? State) post = default;
        lock (Sync)
        {
            bool isDue = _events.NextTime <= _now;
            int choices = _works.Count + (_posts.Count > 0 ? 1 : 0) + (isDue ? 1 : 0);
            if (choices == 0)
                return false;
            int choice = Random.Chance(Reordering) ? Random.Below(choices) : 0;
            if (choice < _works.Count)
            {
                ready = _works[choice];
                _works.RemoveAt(choice);
            }
            else if (choice == _works.Count && _posts.Count > 0)
            {
                post = _posts.Dequeue();
            }
            else
            {
                due = _events.Dequeue();
            }
        }

        try
        {
            if (ready.Work is not null)
                PoolDispatcher.RunWork(ready.Work, ready.Unhandled!);
            else if (due is not null)
                due.Run();
            else
                RunPost(post.Run!, post.State);
        }
        catch (Exception error)
        {
            Fail(error);
        }

        return true;
    }

    /// <summary>Begins it as the body of a run is begun: its awaits come back to the simulation.</summary>
    public Task InContext(Func<Task> body)
    {
        SynchronizationContext? before = SynchronizationContext.Current;
        SynchronizationContext.SetSynchronizationContext(_context);
        try
        {
            return body();
        }
        finally
        {
            SynchronizationContext.SetSynchronizationContext(before);
        }
    }

    private void RunPost(SendOrPostCallback run, object? state)
    {
        SynchronizationContext.SetSynchronizationContext(_context);
        try
        {
            run(state);
        }
        finally
        {
            SynchronizationContext.SetSynchronizationContext(null);
        }
    }

    // Nothing is ready: time moves, once nothing of ours runs elsewhere any more.
    private bool Advance(long end)
    {
        if (Settle() || (IsEmpty() && WaitForForeign()))
            return true;
        lock (Sync)
        {
            if (_events.NextTime is not { } next)
            {
                Fail(new SimulationStuckException("Nothing is left to happen, and the body of the run still waits: for something that never comes."));
                return false;
            }

            if (next > end)
            {
                Fail(new SimulationStuckException($"The body of the run did not end within {TimeSpan.FromTicks(end)} of virtual time."));
                return false;
            }

            Volatile.Write(ref _now, Math.Max(_now, next));
        }

        return true;
    }

    // True when something became ready meanwhile.
    private bool Settle()
    {
        // Between leaving the pool's queue and taking up its context, work is in neither count: where some has fled before, the pool is always passed through once.
        if (Volatile.Read(ref _foreign) == 0 && ThreadPool.PendingWorkItemCount == 0 && _foreignEntries == 0)
            return IsReady();
        long since = TimeProvider.System.GetTimestamp();
        ThreadPool.UnsafeQueueUserWorkItem(static passed => passed.Set(), _passed, preferLocal: false);
        _passed.WaitOne(s_patience);
        while (!IsReady() && IsForeignNear() && TimeProvider.System.GetElapsedTime(since) < s_patience)
            _woken.WaitOne(TimeSpan.FromMilliseconds(1));
        return IsReady();
    }

    private bool IsEmpty()
    {
        lock (Sync)
            return _events.NextTime is null;
    }

    // Before the last word is said: something that fled unseen may yet come back.
    private bool WaitForForeign()
    {
        long since = TimeProvider.System.GetTimestamp();
        while (!IsReady())
        {
            TimeSpan waited = TimeProvider.System.GetElapsedTime(since);
            if (waited > s_lastWait && !(IsForeignNear() && waited < s_longestWait))
                return false;
            _woken.WaitOne(TimeSpan.FromMilliseconds(5));
        }

        return true;
    }

    // Code of ours runs elsewhere, or did a moment ago: a task that ends there lays its context down before it tells who awaits it.
    private bool IsForeignNear() =>
        Volatile.Read(ref _foreign) != 0 || (_foreignEntries > 0 && TimeProvider.System.GetElapsedTime(Volatile.Read(ref _lastForeign)) < s_grace);

    private bool IsReady()
    {
        lock (Sync)
            return _works.Count > 0 || _posts.Count > 0 || _events.NextTime <= _now;
    }

    private void Wake()
    {
        if (!IsOnThread)
            _woken.Set();
    }
}
