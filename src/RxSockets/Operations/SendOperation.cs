using System.Buffers;

namespace RxSockets.Operations;

/// <summary>Bytes to be sent, whole and in order. The memory stays borrowed from the caller until the operation ended.</summary>
internal sealed class SendOperation : WriteOperation
{
    private ReadOnlyMemory<byte> _memory;
    private ReadOnlySequence<byte> _sequence;
    private bool _isSequence;

    public long Length { get; private set; }

    /// <summary>Bytes handed to the engine so far; the rest follows in later batches.</summary>
    public long Covered { get; private set; }

    /// <summary>Bytes the kernel took.</summary>
    public long Sent { get; set; }

    public static SendOperation Rent(ReadOnlyMemory<byte> memory)
    {
        SendOperation operation = OperationPool<SendOperation>.Rent();
        operation._memory = memory;
        operation.Length = memory.Length;
        return operation;
    }

    public static SendOperation Rent(in ReadOnlySequence<byte> sequence)
    {
        SendOperation operation = OperationPool<SendOperation>.Rent();
        operation._sequence = sequence;
        operation._isSequence = true;
        operation.Length = sequence.Length;
        return operation;
    }

    /// <summary>Says that all was handed over with a batch made elsewhere.</summary>
    public void CoverAll() => Covered = Length;

    /// <summary>What was handed over and not sent is to be handed over again.</summary>
    public void Uncover() => Covered = Sent;

    /// <summary>Adds what fits into the batch.</summary>
    public void AddTo(SendBatch batch, long maxBytes)
    {
        if (!_isSequence)
        {
            Add(batch, _memory[(int)Covered..], maxBytes);
            return;
        }

        foreach (ReadOnlyMemory<byte> piece in _sequence.Slice(Covered))
        {
            if (batch.IsFull || batch.Bytes >= maxBytes)
                return;
            Add(batch, piece, maxBytes);
        }
    }

    private void Add(SendBatch batch, ReadOnlyMemory<byte> piece, long maxBytes)
    {
        if (piece.IsEmpty)
            return;
        int count = (int)Math.Min(piece.Length, maxBytes - batch.Bytes);
        batch.Add(piece[..count]);
        Covered += count;
    }

    protected override void Recycle()
    {
        base.Recycle();
        _memory = default;
        _sequence = default;
        _isSequence = false;
        Length = Covered = Sent = 0;
        OperationPool<SendOperation>.Return(this);
    }
}
