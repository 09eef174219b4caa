using System.Runtime.InteropServices;
using RxSockets.Buffers;
using RxSockets.Native.Linux;
using static RxSockets.Native.Linux.IoUringAbi;

namespace RxSockets.Engines.IoUring;

/// <summary>
/// A ring of provided buffers: the kernel takes one per receive. Which buffer an id means is kept here, so a taken buffer may stay with the user for
/// as long as it likes while its id is given to a fresh one. Owned by the ring's thread.
/// </summary>
internal sealed unsafe class BufferRing : IDisposable
{
    private readonly io_uring_buf* _ring;
    private readonly BufferLease?[] _byId;
    private readonly ushort[] _freeIds;
    // Where in the ring an id was offered last.
    private readonly ushort[] _places;
    private readonly ushort _mask;
    private int _freeCount;
    private ushort _tail;

    public BufferRing(Ring ring, ushort group, int entries)
    {
        // Page-aligned, as the kernel asks.
        nuint length = (nuint)(Math.Max(entries, 1) * sizeof(io_uring_buf));
        _ring = (io_uring_buf*)NativeMemory.AlignedAlloc(length, 4096);
        NativeMemory.Clear(_ring, length);
        _mask = (ushort)(entries - 1);
        _byId = new BufferLease?[entries];
        _freeIds = new ushort[entries];
        _places = new ushort[entries];
        for (int i = 0; i < entries; i++)
            _freeIds[i] = (ushort)(entries - 1 - i);
        _freeCount = entries;
        Group = group;
        var registration = new io_uring_buf_reg { ring_addr = (ulong)_ring, ring_entries = (uint)entries, bgid = group };
        int result = ring.Register(IORING_REGISTER_PBUF_RING, &registration, 1);
        if (result < 0)
        {
            NativeMemory.AlignedFree(_ring);
            throw RingRefusedException.From(-result, "IORING_REGISTER_PBUF_RING");
        }
    }

    public ushort Group { get; }

    /// <summary>Buffers the kernel may take now.</summary>
    public int Offered => _byId.Length - _freeCount;

    public bool IsFull => _freeCount == 0;

    /// <summary>Offers buffers until the ring is full or the pool is at its limit; returns how many came.</summary>
    public int Refill(BufferPool pool)
    {
        int added = 0;
        while (_freeCount > 0 && pool.TryRent() is { } buffer)
        {
            ushort id = _freeIds[--_freeCount];
            _byId[id] = buffer;
            ushort place = (ushort)((_tail + added) & _mask);
            _places[id] = place;
            io_uring_buf* entry = _ring + place;
            // Not the whole entry: the tail lies over the reserved field of the first one.
            entry->addr = (ulong)buffer.Pointer;
            entry->len = (uint)buffer.Capacity;
            entry->bid = id;
            added++;
        }

        if (added > 0)
        {
            _tail = (ushort)(_tail + added);
            Volatile.Write(ref _ring->resv, _tail);
        }

        return added;
    }

    /// <summary>The buffer that a completion names; its id is free from here on.</summary>
    public BufferLease Take(uint completionFlags) => Take((ushort)(completionFlags >> IORING_CQE_BUFFER_SHIFT), out _);

    /// <summary>The buffers that one receive filled: the one its completion names, and those that were offered behind it.</summary>
    public void Take(uint completionFlags, int count, ref LeaseList list)
    {
        for (ushort id = (ushort)(completionFlags >> IORING_CQE_BUFFER_SHIFT); count > 0; count--)
        {
            list.Append(Take(id, out ushort place));
            // Nothing is offered in between, so the ring's next entry is still the one that the kernel took.
            id = (_ring + (ushort)((place + 1) & _mask))->bid;
        }
    }

    private BufferLease Take(ushort id, out ushort place)
    {
        BufferLease buffer = _byId[id]!;
        place = _places[id];
        _byId[id] = null;
        _freeIds[_freeCount++] = id;
        return buffer;
    }

    /// <summary>Only after the ring was closed: until then the kernel may write into the buffers. Gives them back.</summary>
    public void Dispose()
    {
        foreach (BufferLease? buffer in _byId)
        {
            buffer?.Fill(0, holder: null);
            buffer?.Release();
        }

        Array.Clear(_byId);
        NativeMemory.AlignedFree(_ring);
    }
}
