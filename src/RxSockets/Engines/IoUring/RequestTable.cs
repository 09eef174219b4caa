namespace RxSockets.Engines.IoUring;

/// <summary>
/// Which request a completion belongs to: user_data is slot and generation, so a late completion of an earlier life of the slot is recognised.
/// Owned by the loop's thread.
/// </summary>
internal sealed class RequestTable
{
    private IoUringRequest?[] _requests = new IoUringRequest?[64];
    private uint[] _generations = new uint[64];
    private readonly Stack<uint> _free = new();
    private uint _made;

    public int Count { get; private set; }

    public void Add(IoUringRequest request)
    {
        if (!_free.TryPop(out uint slot))
        {
            slot = _made++;
            if (slot == _requests.Length)
            {
                Array.Resize(ref _requests, _requests.Length * 2);
                Array.Resize(ref _generations, _generations.Length * 2);
            }
        }

        _requests[slot] = request;
        request.UserData = ((ulong)_generations[slot] << 32) | slot;
        request.IsRegistered = true;
        Count++;
    }

    /// <summary>Only after the request's last completion.</summary>
    public void Remove(IoUringRequest request)
    {
        if (!request.IsRegistered)
            return;
        uint slot = (uint)request.UserData;
        _requests[slot] = null;
        _generations[slot]++;
        _free.Push(slot);
        request.IsRegistered = false;
        Count--;
    }

    /// <summary>Null for a completion of an earlier life.</summary>
    public IoUringRequest? Find(ulong userData)
    {
        uint slot = (uint)userData;
        return slot < _made && _generations[slot] == (uint)(userData >> 32) ? _requests[slot] : null;
    }
}

/// <summary>Something in flight in a ring: what to do when its completion comes. Runs on the loop's thread.</summary>
internal abstract class IoUringRequest
{
    public ulong UserData { get; set; }

    public bool IsRegistered { get; set; }

    public abstract void OnCompletion(int result, uint flags);
}
