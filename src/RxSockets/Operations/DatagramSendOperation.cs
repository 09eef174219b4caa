using System.Net;
using System.Net.Sockets;

namespace RxSockets.Operations;

/// <summary>One datagram to be sent. Memory and address stay borrowed until the operation ended.</summary>
internal sealed class DatagramSendOperation : DatagramWrite
{
    private readonly DatagramAddress _address = new();
    private SocketAddress? _destination;
    private ReadOnlyMemory<byte> _memory;

    public static DatagramSendOperation Rent(ReadOnlyMemory<byte> memory)
    {
        DatagramSendOperation operation = OperationPool<DatagramSendOperation>.Rent();
        operation._memory = memory;
        return operation;
    }

    /// <summary>False when a socket of this family cannot send there.</summary>
    public bool SetDestination(IPEndPoint endPoint, AddressFamily socketFamily)
    {
        _destination = _address.Write(endPoint, socketFamily);
        return _destination is not null;
    }

    public override DatagramFill Fill(DatagramBatch batch)
    {
        if (batch.IsFull)
            return DatagramFill.Part;
        batch.Begin(_destination);
        batch.AddPiece(_memory);
        InBatch = 1;
        return DatagramFill.All;
    }

    public override bool Advance(int datagrams)
    {
        InBatch = 0;
        if (datagrams == 0)
            return false;
        BytesSent = _memory.Length;
        return true;
    }

    /// <summary>It ended before anybody could await it.</summary>
    public void Abandon() => Recycle();

    protected override void Recycle()
    {
        base.Recycle();
        _memory = default;
        _destination = null;
        OperationPool<DatagramSendOperation>.Return(this);
    }
}
