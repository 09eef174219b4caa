namespace RxSockets.Buffers;

/// <summary>
/// Pinned receive buffers of one size, carved from slabs that are made as they are needed, up to a limit. Thread-safe.
/// </summary>
internal sealed class BufferPool : IBufferHome
{
    private const int SlabBytes = 1 << 20;

    private readonly Lock _sync = new();
    private readonly int _maxBuffers;
    private BufferLease? _free;
    private int _made;
    private int _rented;
    private bool _starved;

    public BufferPool(int bufferSize, long maxBytes)
    {
        BufferSize = bufferSize;
        _maxBuffers = (int)Math.Min(int.MaxValue, Math.Max(1, maxBytes / bufferSize));
    }

    /// <summary>Raised after each buffer that comes back while somebody is short of one (see <see cref="Sated"/>); outside of locks.</summary>
    public event Action? BufferAvailable;

    /// <summary>Bytes of one buffer.</summary>
    public int BufferSize { get; }

    public int Rented => Volatile.Read(ref _rented);

    /// <summary>More than half of what may be made is in use: whoever only waits should wait without a buffer.</summary>
    public bool IsShort => Volatile.Read(ref _rented) >= _maxBuffers / 2;

    public bool HasFree => Volatile.Read(ref _rented) < _maxBuffers;

    public long BytesMade => (long)Volatile.Read(ref _made) * BufferSize;

    /// <summary>Somebody waits, where who waits can be found: <see cref="BufferAvailable"/> is raised for what comes back. True: a buffer is there already.</summary>
    public bool Starve()
    {
        lock (_sync)
        {
            _starved = true;
            return _rented < _maxBuffers;
        }
    }

    /// <summary>Nobody waits for a buffer any more. Whoever says so looks once more afterwards, and says <see cref="Starve"/> if somebody does.</summary>
    public void Sated()
    {
        lock (_sync)
            _starved = false;
    }

    /// <summary>A buffer, or null at the limit: then <see cref="BufferAvailable"/> is raised for those that come back.</summary>
    public BufferLease? TryRent()
    {
        lock (_sync)
        {
            if (_free is null && !Grow())
            {
                _starved = true;
                return null;
            }

            BufferLease buffer = _free!;
            _free = buffer.Next;
            buffer.Next = null;
            _rented++;
            return buffer;
        }
    }

    public void GiveBack(BufferLease buffer)
    {
        bool starved;
        if (PoisonMode.Enabled)
            PoisonMode.Overwrite(buffer.Memory.Span);
        lock (_sync)
        {
            buffer.Next = _free;
            _free = buffer;
            _rented--;
            starved = _starved;
        }

        if (starved)
            BufferAvailable?.Invoke();
    }

    private bool Grow()
    {
        int count = Math.Min(Math.Max(1, SlabBytes / BufferSize), _maxBuffers - _made);
        if (count <= 0)
            return false;
        Memory<byte> slab = PinnedMemory.Allocate(count * BufferSize);
        for (int i = count - 1; i >= 0; i--)
            _free = new BufferLease(this, slab.Slice(i * BufferSize, BufferSize), _made + i) { Next = _free };
        _made += count;
        return true;
    }
}
