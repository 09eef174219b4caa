using System.Net.Sockets;

namespace RxSockets.Operations;

/// <summary>How much of an operation fitted into a batch.</summary>
internal enum DatagramFill
{
    /// <summary>All that was left of it: the next operation may follow in the same batch.</summary>
    All,

    /// <summary>The batch is full.</summary>
    Part,

    /// <summary>What comes next is being read from a file; the owner hears when it is there.</summary>
    Waiting,
}

/// <summary>Something that leaves a datagram socket in call order. Waits in the socket's write queue and is guarded by the socket's lock.</summary>
internal abstract class DatagramWrite : Operation<TransmitResult>, ILinked<DatagramWrite>
{
    public DatagramWrite? NextLinked { get; set; }

    /// <summary>Who hears of a cancel. Set when queued.</summary>
    public IDatagramWriteOwner? Owner { get; set; }

    /// <summary>Datagrams of it in the batch that is being sent.</summary>
    public int InBatch { get; protected set; }

    /// <summary>Bytes of the datagrams that left.</summary>
    public long BytesSent { get; protected set; }

    /// <summary>What comes next of it cannot be sent.</summary>
    public SocketError Failure { get; protected set; }

    /// <summary>Its buffers are being written: it cannot be withdrawn at this moment.</summary>
    public virtual bool IsBusy => false;

    /// <summary>Adds the datagrams that come next, as many as fit.</summary>
    public abstract DatagramFill Fill(DatagramBatch batch);

    /// <summary>The batch ended and this many of its datagrams left; the others go again. True: nothing is left.</summary>
    public abstract bool Advance(int datagrams);

    /// <summary>The exception of a failed or cancelled operation.</summary>
    public virtual Exception CreateError(Exception error) => error;

    protected override void Cancel() => Owner?.CancelWrite(this);

    protected override void Recycle()
    {
        NextLinked = null;
        Owner = null;
        InBatch = 0;
        BytesSent = 0;
        Failure = SocketError.Success;
    }
}

/// <summary>The write queue, as an operation sees it.</summary>
internal interface IDatagramWriteOwner
{
    void CancelWrite(DatagramWrite operation);

    /// <summary>What a waiting operation waited for is there. Any thread, outside of locks.</summary>
    void Resume();
}
