using System.Buffers;

namespace RxSockets.Tests.Testing;

/// <summary>Memory of a kind of the user's own that was given back too early: whoever touches it gets the owner's exception.</summary>
internal sealed class UnpinnableMemory(int length) : MemoryManager<byte>
{
    public override Memory<byte> Memory => CreateMemory(length);

    public override Span<byte> GetSpan() => throw new ObjectDisposedException("the pool's block");

    public override MemoryHandle Pin(int elementIndex = 0) => throw new ObjectDisposedException("the pool's block");

    public override void Unpin()
    {
    }

    protected override void Dispose(bool disposing)
    {
    }
}
