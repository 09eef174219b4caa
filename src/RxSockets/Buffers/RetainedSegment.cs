using System.Buffers;

namespace RxSockets.Buffers;

/// <summary>A segment taken over by the user; gives its reference back when disposed.</summary>
internal sealed class RetainedSegment : IMemoryOwner<byte>
{
    private readonly Memory<byte> _memory;
    private readonly string? _stack;
    private BufferLease? _lease;

    public RetainedSegment(BufferLease lease, Memory<byte> memory)
    {
        _lease = lease;
        _memory = memory;
        if (PoisonMode.Enabled)
            _stack = Environment.StackTrace;
        else
            GC.SuppressFinalize(this);
    }

    // Only in poison mode: a segment that was retained and forgotten is reported with the stack that retained it.
    ~RetainedSegment()
    {
        if (_lease is not null)
            PoisonMode.ReportLeak(_stack);
    }

    public Memory<byte> Memory
    {
        get
        {
            ObjectDisposedException.ThrowIf(_lease is null, this);
            return _memory;
        }
    }

    public void Dispose()
    {
        BufferLease? lease = Interlocked.Exchange(ref _lease, null);
        if (lease is null)
            return;
        if (PoisonMode.Enabled)
            GC.SuppressFinalize(this);
        lease.Release();
    }
}
