using System.Buffers;
using RxSockets.Sockets;

namespace RxSockets.Streams;

/// <summary>What a read found.</summary>
internal enum ReadStatus
{
    /// <summary>Bytes: everything unread, lent until the next read.</summary>
    Bytes,

    /// <summary>Nothing new yet: the owner is told when there is.</summary>
    Pending,

    /// <summary>The end, or why this reader may not read: see <see cref="ByteReader.CreateEndError"/>.</summary>
    Ended,

    /// <summary>The reader has left.</summary>
    Left,
}

/// <summary>
/// The one reader of a connection's received data, in the manner of PipeReader: a read gives a sequence, the next one says how much of it was
/// consumed. For a reader that pushes, everything between two reads is one OnNext: who comes meanwhile waits for it to unwind.
/// </summary>
internal sealed class ByteReader(ReceiveQueue source, IByteReaderOwner owner, bool push) : ItemReader
{
    private readonly ExecutionContext? _context = push ? ExecutionContext.Capture() : null;
    private TakeResult _outcome;

    private bool HasLeft => Volatile.Read(ref Left);

    /// <summary>What was read last is to be used no further: it was told to leave, or this side ended the connection. The next read says which.</summary>
    public bool IsOver => HasLeft || source.IsCut;

    /// <summary>Becomes the reader. One that pushes is told to read where completions run, never inside this call.</summary>
    public void Begin()
    {
        source.Attach(this);
        if (push)
            AfterSubscribe.Run(this, static reader => reader.Yield());
    }

    public ReadStatus Read(long consumed, long examined, out ReadOnlySequence<byte> bytes)
    {
        _outcome = source.TryRead(this, consumed, examined, push, out bytes);
        return _outcome switch
        {
            TakeResult.Item => ReadStatus.Bytes,
            TakeResult.Pending => ReadStatus.Pending,
            TakeResult.Left => ReadStatus.Left,
            _ => ReadStatus.Ended,
        };
    }

    /// <summary>Why reading ended, a new instance each; null for an orderly end.</summary>
    public Exception? CreateEndError(CancellationToken token) => _outcome switch
    {
        TakeResult.Refused => source.AlreadyRead(),
        TakeResult.Cancelled => new OperationCanceledException(token),
        _ => source.CreateEndError(),
    };

    /// <summary>The token was cancelled. Any thread.</summary>
    public void Cancel() => source.Cancel(this);

    /// <summary>Leaves; called by whoever reads, outside of OnNext.</summary>
    public void Leave(long consumed) => source.Leave(this, consumed);

    /// <summary>Unsubscribes. Any thread; inside OnNext it takes effect when that unwinds.</summary>
    public void Unsubscribe() => source.Leave(this);

    /// <summary>Goes on later, so that one fast peer does not hold a worker or a loop for ever.</summary>
    public void Yield() => source.Schedule(this);

    public void HandlerThrew(Exception error) => source.HandlerThrew(default, error);

    public void ReportUnhandled(Exception error) => source.ReportUnhandled(error);

    public override void Run()
    {
        if (_context is null)
            owner.Ready();
        else
            ExecutionContext.Run(_context, static state => ((IByteReaderOwner)state!).Ready(), owner);
    }
}
