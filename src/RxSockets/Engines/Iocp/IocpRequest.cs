using RxSockets.Native.Windows;

namespace RxSockets.Engines.Iocp;

/// <summary>
/// One kind of operation of one owner, started again and again, never twice at a time. Holds its block from the first start until
/// <see cref="ReturnBlock"/>; what the kernel may still write to (this block, buffers, addresses) is freed only after the completion.
/// </summary>
internal abstract unsafe class IocpRequest(IocpLoop loop)
{
    private OverlappedBlock* _block;

    public IocpLoop Loop => loop;

    /// <summary>On the loop's thread: the started operation ended with this NTSTATUS after so many bytes.</summary>
    public abstract void OnCompletion(uint status, uint bytes);

    /// <summary>The count of bytes in the packet of <see cref="IocpLoop.PostFailure"/>; no operation transfers so many.</summary>
    public const uint FailureBytes = uint.MaxValue;

    /// <summary>On the loop's thread, before <see cref="OnCompletion"/>: false for a packet that is not the operation's end; that comes by another.</summary>
    public virtual bool IsEnd(uint bytes) => true;

    public OVERLAPPED* Overlapped => &_block->Overlapped;

    /// <summary>Before the call that starts an operation on a handle with this key.</summary>
    protected OVERLAPPED* Begin(nuint key)
    {
        if (_block is null)
            _block = loop.Overlappeds.Rent(this);
        loop.Overlappeds.Begin(_block, key);
        return &_block->Overlapped;
    }

    /// <summary>The call failed: no completion will come.</summary>
    protected void NotBegun() => loop.Overlappeds.End(_block);

    /// <summary>After the last completion.</summary>
    public void ReturnBlock()
    {
        if (_block is null)
            return;
        loop.Overlappeds.Return(_block);
        _block = null;
    }
}
