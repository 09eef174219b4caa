using System.Buffers;
using System.Diagnostics;
using System.Runtime.InteropServices;

namespace RxSockets.Buffers;

/// <summary>Where a buffer goes when nobody holds it any more. Called from any thread.</summary>
internal interface IBufferHome
{
    void GiveBack(BufferLease buffer);
}

/// <summary>Who is charged for a buffer while it is unread, lent or retained. Called from any thread, outside of locks.</summary>
internal interface IBufferHolder
{
    void Released(int capacity);
}

/// <summary>
/// One pinned receive buffer and the loan of it. The kernel writes into it; then it is unread (queued in a connection), lent (one
/// <see cref="ReceivedSegment"/> is out) or retained. References count the holders; the last one sends it home.
/// Not thread-safe but for <see cref="Release"/>, <see cref="Retain"/> and <see cref="Generation"/>.
/// </summary>
internal sealed class BufferLease : SegmentOwner
{
    private readonly IBufferHome _home;
    private readonly Memory<byte> _memory;
    private int _references;
    private int _generation;
    private IBufferHolder? _holder;
    private int _senderLength;
    private LeaseNode? _node;

    // The memory must not move: made by PinnedMemory, unless no kernel ever writes into it.
    public BufferLease(IBufferHome home, Memory<byte> memory, int index)
    {
        _home = home;
        _memory = memory;
        Index = index;
    }

    /// <summary>Number of this buffer in its pool; the buffer id in a provided buffer ring.</summary>
    public int Index { get; }

    public int Capacity => _memory.Length;

    /// <summary>All of the memory, for the engine to receive into.</summary>
    public Memory<byte> Memory => _memory;

    /// <summary>Start of the unread bytes.</summary>
    public int Start { get; private set; }

    /// <summary>Number of unread bytes.</summary>
    public int Length { get; private set; }

    /// <summary>A datagram's sender, as a native address.</summary>
    public ReadOnlySpan<byte> Sender => _memory.Span.Slice(DatagramLayout.AddressOffset, _senderLength);

    /// <summary>A datagram that was longer than what was kept of it.</summary>
    public bool IsTruncated { get; private set; }

    public ReadOnlyMemory<byte> Unread => _memory.Slice(Start, Length);

    /// <summary>From the beginning to the last unread byte: positions in it do not move while bytes are taken off the front.</summary>
    public ReadOnlyMemory<byte> Filled => _memory[..(Start + Length)];

    /// <summary>This buffer's link in a sequence.</summary>
    public LeaseNode Node => _node ??= new LeaseNode();

    /// <summary>Link of the one list this buffer is in: a free list, or a connection's unread list.</summary>
    public BufferLease? Next { get; set; }

    public override int Generation => Volatile.Read(ref _generation);

    public unsafe byte* Pointer => (byte*)System.Runtime.CompilerServices.Unsafe.AsPointer(ref MemoryMarshal.GetReference(_memory.Span));

    /// <summary>The engine hands over a filled buffer: one reference, held by <paramref name="holder"/>.</summary>
    public void Fill(int length, IBufferHolder? holder)
    {
        Debug.Assert(_references == 0, "filled while held");
        Start = 0;
        Length = length;
        _holder = holder;
        Next = null;
        Volatile.Write(ref _references, 1);
    }

    /// <summary>The same for a datagram, laid out as <see cref="DatagramLayout"/> says.</summary>
    public void FillDatagram(int senderLength, int length, bool truncated)
    {
        Fill(length, holder: null);
        Start = DatagramLayout.PayloadOffset;
        _senderLength = Math.Min(senderLength, DatagramLayout.AddressBytes);
        IsTruncated = truncated;
    }

    /// <summary>Says who is charged. For engines that fill before the connection is known.</summary>
    public void SetHolder(IBufferHolder holder) => _holder = holder;

    /// <summary>Takes bytes off the front.</summary>
    public void Advance(int count)
    {
        Start += count;
        Length -= count;
    }

    /// <summary>Copies the unread bytes of the buffer behind this one into the free end of this one, if they fit. Nobody may have a view of either's free part.</summary>
    public bool TryAbsorb(BufferLease next)
    {
        Memory<byte> free = _memory[(Start + Length)..];
        if (next.Length > free.Length)
            return false;
        next.Unread.CopyTo(free);
        Length += next.Length;
        return true;
    }

    /// <summary>Lends all unread bytes; ends with <see cref="EndLoan"/>.</summary>
    public ReceivedSegment Lend() => new(this, _generation, Unread);

    /// <summary>Ends the loan: segments of it throw from here on. Drops the lender's reference.</summary>
    public void EndLoan()
    {
        Interlocked.Increment(ref _generation);
        Release();
    }

    public override IMemoryOwner<byte> Retain(int generation, ReadOnlyMemory<byte> memory)
    {
        if (Generation != generation || !TryAddReference())
            ReceivedSegment.ThrowReturned();
        // A segment used after its loan may have found the buffer in its next life: the second look at the generation finds that out.
        if (Generation != generation)
        {
            Release();
            ReceivedSegment.ThrowReturned();
        }

        return new RetainedSegment(this, MemoryMarshal.AsMemory(memory));
    }

    /// <summary>False for a buffer that nobody holds: it is home, or on its way, and must not be sent there again.</summary>
    internal bool TryAddReference()
    {
        int references;
        do
        {
            references = Volatile.Read(ref _references);
            if (references == 0)
                return false;
        }
        while (Interlocked.CompareExchange(ref _references, references + 1, references) != references);
        return true;
    }

    public void Release()
    {
        if (Interlocked.Decrement(ref _references) != 0)
            return;
        IBufferHolder? holder = _holder;
        _holder = null;
        _home.GiveBack(this);
        holder?.Released(Capacity);
    }
}
