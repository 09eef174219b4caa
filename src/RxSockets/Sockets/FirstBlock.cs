using RxSockets.Buffers;

namespace RxSockets.Sockets;

/// <summary>The first block of data of an accepted connection: waiting for it before the connection is delivered, and the view of it afterwards.</summary>
internal sealed class FirstBlock(Connection connection, Lock sync)
{
    private IFirstDataGate? _gate;

    /// <summary>Empty when none was asked for, or the peer sent its FIN first.</summary>
    public ReadOnlyMemory<byte> Bytes { get; private set; }

    /// <summary>Has the first block received before the connection is delivered.</summary>
    public void Await(IFirstDataGate gate)
    {
        bool ready;
        lock (sync)
        {
            _gate = gate;
            connection.Receive.ReceiveEagerly();
            ready = connection.Receive.Peek() is not null || connection.Receive.EndSeen || connection.CloseStarted;
        }

        if (ready)
            OpenGate();
    }

    /// <summary>Makes the first block of at most <paramref name="bytes"/> bytes a view of its own that stays first in the stream.</summary>
    public void Split(int bytes)
    {
        BufferLease? emptied = null;
        lock (sync)
        {
            connection.Receive.EndEager();
            if (connection.Receive.Peek() is not { } head)
                return;
            int count = Math.Min(bytes, head.Length);
            byte[] block = head.Unread.Span[..count].ToArray();
            emptied = connection.Receive.Skip(count);
            PutFirst(block);
        }

        emptied?.Release();
    }

    /// <summary>The engine brought the first block with the accept.</summary>
    public void Add(BufferLease firstData)
    {
        byte[] block = firstData.Unread.ToArray();
        firstData.Release();
        lock (sync)
            PutFirst(block);
    }

    /// <summary>Something came, be it the end: whoever waits hears, once. No locks held.</summary>
    public void OpenGate()
    {
        if (_gate is not null)
            Interlocked.Exchange(ref _gate, null)?.FirstDataCame(connection);
    }

    private void PutFirst(byte[] block)
    {
        Bytes = block;
        if (block.Length == 0)
            return;
        var lease = new BufferLease(FirstDataHome.Instance, block, index: -1);
        lease.Fill(block.Length, holder: null);
        connection.Receive.AddFirst(lease);
    }
}
