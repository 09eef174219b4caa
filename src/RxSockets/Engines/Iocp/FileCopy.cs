using System.Net.Sockets;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace RxSockets.Engines.Iocp;

/// <summary>
/// Reads blocks of a file on the thread pool, for transmits beyond <see cref="CompletionPortOptions.ConcurrentTransmits"/>: reading may block, and a loop must not.
/// </summary>
internal sealed unsafe class FileCopy(IocpTransmit transmit) : IThreadPoolWorkItem
{
    public const int BlockBytes = 65536;

    private SafeFileHandle? _file;
    private long _offset;
    private int _count;

    public byte* Block { get; private set; }

    public bool IsReading { get; private set; }

    /// <summary>Under the socket's lock. The batch holds a reference to the file.</summary>
    public void Read(SafeFileHandle file, long offset, long count)
    {
        if (Block is null)
            Block = (byte*)NativeMemory.Alloc(BlockBytes);
        _file = file;
        _offset = offset;
        _count = (int)count;
        IsReading = true;
        ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
    }

    /// <summary>Under the socket's lock.</summary>
    public void Done() => IsReading = false;

    public void Free()
    {
        NativeMemory.Free(Block);
        Block = null;
    }

    void IThreadPoolWorkItem.Execute()
    {
        int bytes = 0;
        SocketError error = SocketError.Success;
        try
        {
            bytes = RandomAccess.Read(_file!, new Span<byte>(Block, _count), _offset);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException or ObjectDisposedException or NotSupportedException)
        {
            error = SocketError.Fault;
        }

        _file = null;
        transmit.OnBlockRead(bytes, error);
    }
}
