using System.Net.Sockets;

namespace RxSockets.Operations;

/// <summary>
/// TransmitPackets on a datagram socket: each EndOfPacket ends a datagram, and so does the last element. Datagrams of a few pieces of memory leave as they lie;
/// those with file ranges, or of many pieces, are put together in a buffer first, by a thread of the pool, since a file may have to be waited for.
/// </summary>
internal sealed class DatagramTransmitOperation : DatagramWrite, IThreadPoolWorkItem
{
    private const int KeptElements = 4096;

    private TransmitElement[] _elements = new TransmitElement[4];
    private readonly DatagramWindow _window = new();
    private int _count;
    private int _sentTo;
    private int _filledTo;
    private volatile bool _reading;

    /// <summary>There is no element, and so no datagram.</summary>
    public bool IsEmpty => _count == 0;

    public override bool IsBusy => _reading;

    public static DatagramTransmitOperation Rent() => OperationPool<DatagramTransmitOperation>.RentShared();

    /// <summary>Adds an element; a file's handle is referenced until the operation ended.</summary>
    public void Add(TransmitElement element)
    {
        bool added = false;
        element.File?.DangerousAddRef(ref added);
        if (_count == _elements.Length)
            Array.Resize(ref _elements, _count * 2);
        _elements[_count++] = element;
    }

    public override DatagramFill Fill(DatagramBatch batch)
    {
        // The window belongs to the thread that reads: what is whole in it already must not leave, and the operation not end, before that is done.
        if (_reading)
            return DatagramFill.Waiting;
        while (_filledTo < _count)
        {
            if (batch.IsFull || Failure != SocketError.Success)
                return DatagramFill.Part;
            int end = EndOf(_filledTo, out bool asItLies);
            if (asItLies)
            {
                batch.BeginTransmit();
                for (int i = _filledTo; i < end; i++)
                    batch.AddPiece(_elements[i].Memory);
            }
            else if (_window.TryGet(_filledTo, out ReadOnlyMemory<byte> together))
            {
                batch.BeginTransmit();
                batch.AddPiece(together);
            }
            else
            {
                return InBatch > 0 ? DatagramFill.Part : Read();
            }

            InBatch++;
            _filledTo = end;
        }

        return DatagramFill.All;
    }

    public override bool Advance(int datagrams)
    {
        for (int i = 0; i < datagrams; i++)
        {
            int end = EndOf(_sentTo, out _);
            for (; _sentTo < end; _sentTo++)
                BytesSent += _elements[_sentTo].Count;
        }

        InBatch = 0;
        _filledTo = _sentTo;
        return _sentTo == _count;
    }

    public override Exception CreateError(Exception error) => error switch
    {
        OperationCanceledException => new TransmitCanceledException(BytesSent, CancellationToken),
        SocketException failure => new TransmitException(failure.SocketErrorCode, BytesSent, failure.Message),
        _ => error,
    };

    /// <summary>It was refused before it was queued.</summary>
    public void Abandon() => Recycle();

    /// <summary>On a thread of the pool; the operation is busy, and nobody else touches what is read here.</summary>
    void IThreadPoolWorkItem.Execute()
    {
        IDatagramWriteOwner owner = Owner!;
        Failure = _window.Read(_elements.AsSpan(0, _count), _filledTo);
        // From here on the operation may end.
        _reading = false;
        owner.Resume();
    }

    protected override void Recycle()
    {
        base.Recycle();
        foreach (ref TransmitElement element in _elements.AsSpan(0, _count))
        {
            element.File?.DangerousRelease();
            element = default;
        }

        _window.Clear();
        _count = _sentTo = _filledTo = 0;
        if (_elements.Length <= KeptElements)
            OperationPool<DatagramTransmitOperation>.ReturnShared(this);
    }

    private DatagramFill Read()
    {
        if (!_reading)
        {
            _reading = true;
            ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
        }

        return DatagramFill.Waiting;
    }

    // The element behind the datagram that begins here.
    private int EndOf(int first, out bool asItLies)
    {
        int end = DatagramWindow.EndOf(_elements.AsSpan(0, _count), first);
        asItLies = end - first <= DatagramBatch.MaxPiecesOfOne;
        for (int i = first; i < end && asItLies; i++)
            asItLies = _elements[i].File is null;
        return end;
    }
}
