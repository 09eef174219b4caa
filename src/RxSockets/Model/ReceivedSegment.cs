using System.Buffers;
using System.Runtime.InteropServices;

namespace RxSockets;

/// <summary>
/// A lent piece of received data. Valid until the next pull of <c>await foreach</c> or until <c>OnNext</c> returns; after that
/// <see cref="Memory"/> throws. <see cref="Retain"/> takes the memory over without copying, <see cref="ToArray"/> copies.
/// Any thread may read it while it is valid.
/// </summary>
[StructLayout(LayoutKind.Auto)]
public readonly struct ReceivedSegment : IEquatable<ReceivedSegment>
{
    private readonly SegmentOwner? _owner;
    private readonly int _generation;
    private readonly ReadOnlyMemory<byte> _memory;

    internal ReceivedSegment(SegmentOwner owner, int generation, ReadOnlyMemory<byte> memory)
    {
        _owner = owner;
        _generation = generation;
        _memory = memory;
    }

    private ReceivedSegment(ReadOnlyMemory<byte> memory) => _memory = memory;

    /// <summary>The bytes. Throws <see cref="InvalidOperationException"/> once the segment was returned.</summary>
    public ReadOnlyMemory<byte> Memory
    {
        get
        {
            if (_owner is not null && _owner.Generation != _generation)
                ThrowReturned();
            return _memory;
        }
    }

    /// <summary>Number of bytes.</summary>
    public int Length => _memory.Length;

    /// <summary>A segment over memory of the caller's, never returned to anybody: for tests of pipelines.</summary>
    public static ReceivedSegment FromMemory(ReadOnlyMemory<byte> memory) => new(memory);

    /// <summary>A copy of the bytes.</summary>
    public byte[] ToArray() => Memory.ToArray();

    /// <summary>
    /// Takes the memory over: it stays valid until the result is disposed, and counts against the connection's
    /// <see cref="CompletionPortOptions.ReceiveLimit"/> until then.
    /// </summary>
    public IMemoryOwner<byte> Retain() =>
        _owner is null ? new UnownedMemory(MemoryMarshal.AsMemory(_memory)) : _owner.Retain(_generation, _memory);

    /// <inheritdoc/>
    public bool Equals(ReceivedSegment other) =>
        ReferenceEquals(_owner, other._owner) && _generation == other._generation && _memory.Equals(other._memory);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is ReceivedSegment other && Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(_generation, _memory);

    /// <summary>Compares loans, not contents.</summary>
    public static bool operator ==(ReceivedSegment left, ReceivedSegment right) => left.Equals(right);

    /// <summary>Compares loans, not contents.</summary>
    public static bool operator !=(ReceivedSegment left, ReceivedSegment right) => !left.Equals(right);

    internal static void ThrowReturned() => throw new InvalidOperationException(
        "The received segment was returned: it is valid until the next pull or until OnNext returns. Use Retain() or ToArray() to keep it.");

    private sealed class UnownedMemory(Memory<byte> memory) : IMemoryOwner<byte>
    {
        public Memory<byte> Memory => memory;

        public void Dispose()
        {
        }
    }
}
