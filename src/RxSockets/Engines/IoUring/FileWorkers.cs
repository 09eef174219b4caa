namespace RxSockets.Engines.IoUring;

/// <summary>Something that may wait for a disk.</summary>
internal interface IFileWork
{
    /// <summary>On a worker's thread; must not throw.</summary>
    void RunOnWorker();
}

/// <summary>
/// The threads of an engine that send files which are not in memory: at most <see cref="MostThreads"/>, made when needed, kept until the engine ends. What
/// waits for a thread is bounded by the number of connections, each of which has one transmit at a time. Thread-safe.
/// </summary>
internal sealed class FileWorkers
{
    public const int MostThreads = 4;

    private readonly object _sync = new();
    private readonly Queue<IFileWork> _waiting = new();
    private int _threads;
    private int _idle;
    private bool _stopped;

    public void Add(IFileWork work)
    {
        lock (_sync)
        {
            _waiting.Enqueue(work);
            if (_idle >= _waiting.Count || _threads == MostThreads)
            {
                Monitor.Pulse(_sync);
                return;
            }

            _threads++;
            new Thread(Run) { IsBackground = true, Name = $"RxSockets file {_threads}" }.UnsafeStart();
        }
    }

    /// <summary>After the last work was done.</summary>
    public void Stop()
    {
        lock (_sync)
        {
            _stopped = true;
            Monitor.PulseAll(_sync);
        }
    }

    private void Run()
    {
        while (Take() is { } work)
            work.RunOnWorker();
    }

    private IFileWork? Take()
    {
        lock (_sync)
        {
            _idle++;
            IFileWork? work;
            while (!_waiting.TryDequeue(out work) && !_stopped)
                Monitor.Wait(_sync);
            _idle--;
            return work;
        }
    }
}
