namespace RxSockets.Testing;

/// <summary>What is to happen, by time; what is due at the same moment happens in an order of chance. Guarded by the network's lock.</summary>
internal sealed class EventQueue(SimulationRandom random)
{
    private readonly PriorityQueue<SimulationEvent, (long Time, ulong Tie, long Number)> _events = new();
    private long _count;

    public void Add(long time, SimulationEvent item) => _events.Enqueue(item, (time, random.Next(), _count++));

    /// <summary>When the next one is due; null when there is none.</summary>
    public long? NextTime
    {
        get
        {
            while (_events.TryPeek(out SimulationEvent? next, out (long Time, ulong Tie, long Number) key))
            {
                if (!next.IsCalledOff)
                    return key.Time;
                _events.Dequeue();
            }

            return null;
        }
    }

    public SimulationEvent Dequeue() => _events.Dequeue();
}
