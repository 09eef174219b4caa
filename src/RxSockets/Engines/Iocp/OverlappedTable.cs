using System.Runtime.InteropServices;
using RxSockets.Native.Windows;

namespace RxSockets.Engines.Iocp;

/// <summary>An OVERLAPPED and what finds its request again. Native memory: the kernel writes into it at its own time.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct OverlappedBlock
{
    /// <summary>First, so that the address of the one is that of the other.</summary>
    public OVERLAPPED Overlapped;

    public uint Slot;

    /// <summary>Lives of the slot so far.</summary>
    public uint Generation;

    /// <summary>Completion key of the handle that the operation in flight was started on; 0: none is in flight.</summary>
    public nuint Key;
}

/// <summary>
/// The OVERLAPPED blocks of a loop. A block belongs to one request until that gives it back, which it does only after its last completion was dequeued.
/// Slabs are freed with the loop, so that even a completion that should not come reads memory of ours, and is recognised: nothing is in flight in
/// its block, or something with another key (a key is never used twice), or the slot lives for another request. Thread-safe.
/// </summary>
internal sealed unsafe class OverlappedTable : IDisposable
{
    private const int SlabBlocks = 128;

    private readonly Lock _sync = new();
    private readonly List<nint> _slabs = [];
    private readonly Stack<nint> _free = new();
    private (IocpRequest? Request, uint Generation)[] _slots = new (IocpRequest?, uint)[SlabBlocks];
    private int _inFlight;

    /// <summary>Operations that the kernel has.</summary>
    public int InFlight => Volatile.Read(ref _inFlight);

    /// <summary>Blocks that requests hold.</summary>
    public int Rented
    {
        get
        {
            lock (_sync)
                return (_slabs.Count * SlabBlocks) - _free.Count;
        }
    }

    public OverlappedBlock* Rent(IocpRequest request)
    {
        lock (_sync)
        {
            if (_free.Count == 0)
                Grow();
            var block = (OverlappedBlock*)_free.Pop();
            _slots[block->Slot] = (request, block->Generation);
            return block;
        }
    }

    /// <summary>Only with nothing in flight.</summary>
    public void Return(OverlappedBlock* block)
    {
        lock (_sync)
        {
            _slots[block->Slot] = default;
            block->Generation++;
            _free.Push((nint)block);
        }
    }

    /// <summary>Before the call that starts an operation.</summary>
    public void Begin(OverlappedBlock* block, nuint key)
    {
        block->Overlapped = default;
        block->Key = key;
        Interlocked.Increment(ref _inFlight);
    }

    /// <summary>The operation ended, or never began because the call failed: no completion will come.</summary>
    public void End(OverlappedBlock* block)
    {
        block->Key = 0;
        Interlocked.Decrement(ref _inFlight);
    }

    /// <summary>On the loop's thread: whose completion this is; null for one that belongs to nobody.</summary>
    public IocpRequest? Find(OverlappedBlock* block, nuint key)
    {
        if (block->Key != key)
            return null;
        (IocpRequest? request, uint generation) = Volatile.Read(ref _slots)[block->Slot];
        return generation == block->Generation ? request : null;
    }

    /// <summary>After the port was closed with nothing in flight.</summary>
    public void Dispose()
    {
        foreach (nint slab in _slabs)
            NativeMemory.AlignedFree((void*)slab);
        _slabs.Clear();
        _free.Clear();
    }

    private void Grow()
    {
        int first = _slabs.Count * SlabBlocks;
        if (first == _slots.Length)
        {
            var larger = new (IocpRequest?, uint)[first * 2];
            _slots.CopyTo(larger, 0);
            Volatile.Write(ref _slots, larger);
        }

        const int BlockBytes = 64;
        nuint bytes = SlabBlocks * BlockBytes;
        var slab = (byte*)NativeMemory.AlignedAlloc(bytes, BlockBytes);
        NativeMemory.Clear(slab, bytes);
        _slabs.Add((nint)slab);
        for (int i = SlabBlocks - 1; i >= 0; i--)
        {
            var block = (OverlappedBlock*)(slab + (i * BlockBytes));
            block->Slot = (uint)(first + i);
            _free.Push((nint)block);
        }
    }
}
