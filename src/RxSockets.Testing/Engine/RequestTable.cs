namespace RxSockets.Testing;

/// <summary>
/// The requests of an engine by slot. A slot is used again at once, the last freed first, with another generation: a completion of an earlier life finds its
/// slot in other hands as early as can be. Guarded by the network's lock.
/// </summary>
internal sealed class RequestTable
{
    private readonly List<(int Generation, Request? Request)> _slots = [];
    private readonly Stack<int> _free = new();

    public int Count => _slots.Count - _free.Count;

    /// <summary>What is under way, for messages.</summary>
    public IEnumerable<string> Verbs => _slots.Where(static slot => slot.Request is not null).Select(static slot => slot.Request!.Verb);

    public void Add(Request request)
    {
        if (!_free.TryPop(out int slot))
        {
            slot = _slots.Count;
            _slots.Add((0, null));
        }

        request.Slot = slot;
        request.Generation = _slots[slot].Generation + 1;
        _slots[slot] = (request.Generation, request);
    }

    public void Remove(Request request)
    {
        if (Find(request.Slot, request.Generation) != request)
            throw new InvalidOperationException($"A request ended twice: {request.Verb}.");
        _slots[request.Slot] = (request.Generation, null);
        _free.Push(request.Slot);
    }

    /// <summary>Null for a completion of a former life.</summary>
    public Request? Find(int slot, int generation) => _slots[slot].Generation == generation ? _slots[slot].Request : null;

    /// <summary>Who has the slot now.</summary>
    public Request? Occupant(int slot) => _slots[slot].Request;
}
