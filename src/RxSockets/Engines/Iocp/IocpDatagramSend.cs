using System.Net.Sockets;
using System.Runtime.InteropServices;
using RxSockets.Buffers;
using RxSockets.Native.Windows;
using RxSockets.Operations;
using static RxSockets.Native.Windows.WindowsConstants;

namespace RxSockets.Engines.Iocp;

/// <summary>
/// The send of a datagram socket. Each datagram is tried with a plain WSASend or WSASendTo, which does not block: where the kernel has room it has left here and
/// now, without a packet. The one that finds none goes overlapped, and the rest follows; so order is kept, and an error belongs to the datagram that
/// met it. What was given to TransmitPackets leaves by one TransmitPackets where the provider has that. Pieces stay pinned until the last
/// completion. Guarded by the socket's lock.
/// </summary>
internal sealed unsafe class IocpDatagramSend(IocpDatagramSocket socket) : IocpRequest(socket.Loop), ICancellable
{
    private PinnedPieces _pins;
    private DatagramBatch? _batch;
    private TRANSMIT_PACKETS_ELEMENT* _elements;
    private int _elementCapacity;
    // An overlapped send's: room for one native address.
    private byte* _address;
    private int _sent;
    private bool _packets;
    private bool _cancelAsked;

    public bool InFlight { get; private set; }

    /// <summary>True: pending.</summary>
    public bool Start(DatagramBatch batch, out int sent, out SocketError error)
    {
        lock (socket.Sync)
        {
            _batch = batch;
            _sent = 0;
            _cancelAsked = false;
            _pins.Pin(batch.Pieces, DatagramBatch.MaxDatagrams);
            error = MayTransmit() ? TransmitPackets() : Go();
            sent = _sent;
            if (InFlight)
                return true;
            Unpin();
            return false;
        }
    }

    public void Cancel()
    {
        lock (socket.Sync)
        {
            _cancelAsked = true;
            if (!InFlight)
                return;
            Loop.Statistics.Submitted(Verb.Cancel);
            _ = socket.Winsock.Cancel(socket.Native, Overlapped);
            Loop.WatchCancelled(this);
        }
    }

    bool ICancellable.CancelAgain()
    {
        lock (socket.Sync)
        {
            if (!InFlight || !_cancelAsked)
                return false;
            _ = socket.Winsock.Cancel(socket.Native, Overlapped);
            return true;
        }
    }

    public override void OnCompletion(uint status, uint bytes)
    {
        SocketError error;
        int sent;
        lock (socket.Sync)
        {
            Ended();
            error = WinsockErrors.FromStatus(status);
            if (_packets)
                _sent += Whole(bytes);
            else if (error == SocketError.Success)
                _sent++;
            // A TransmitPackets that succeeded short of its end has its rest sent like any other.
            if (_sent == _batch!.Count)
                error = SocketError.Success;
            else if (error == SocketError.Success)
                error = _cancelAsked || socket.IsClosing ? SocketError.OperationAborted : Go();
            if (InFlight)
                return;
            sent = _sent;
            Unpin();
        }

        socket.Sink.OnSendCompleted(sent, error);
        socket.FinishCloseIfIdle();
    }

    /// <summary>After the last completion.</summary>
    public void Free()
    {
        ReturnBlock();
        NativeMemory.Free(_elements);
        NativeMemory.Free(_address);
        _elements = null;
        _address = null;
    }

    // Sends until something pends, fails, or all has left.
    private SocketError Go()
    {
        WSABUF* vector = stackalloc WSABUF[DatagramBatch.MaxPiecesOfOne];
        while (_sent < _batch!.Count)
        {
            uint count = Fill(vector);
            SocketError error = WinsockErrors.FromCode(Call(vector, count, overlapped: null));
            if (error == SocketError.WouldBlock)
                return Submit(vector, count);
            if (error != SocketError.Success)
                return error;
            Interlocked.Increment(ref Loop.Statistics.DirectSends);
            _sent++;
        }

        return SocketError.Success;
    }

    private SocketError Submit(WSABUF* vector, uint count)
    {
        OVERLAPPED* overlapped = Began();
        return Begun(Call(vector, count, overlapped));
    }

    private int Call(WSABUF* vector, uint count, OVERLAPPED* overlapped)
    {
        uint sent = 0;
        if (_batch!.Datagrams[_sent].Destination is not { } destination)
            return socket.Winsock.Send(socket.Native, vector, count, &sent, overlapped);
        if (_address is null)
            _address = (byte*)NativeMemory.AllocZeroed(DatagramLayout.AddressBytes);
        return socket.Winsock.SendTo(socket.Native, vector, count, &sent, _address, WinsockAddress.Copy(destination, _address), overlapped);
    }

    // A vector of no buffers is refused by some providers: an empty datagram is one empty buffer.
    private uint Fill(WSABUF* vector)
    {
        DatagramBatch.Entry entry = _batch!.Datagrams[_sent];
        vector[0] = default;
        for (int i = 0; i < entry.PieceCount; i++)
            vector[i] = Buffer(entry.FirstPiece + i);
        return (uint)Math.Max(1, entry.PieceCount);
    }

    private WSABUF Buffer(int piece) => new() { buf = _pins.Pointer(piece), len = (uint)_batch!.Pieces[piece].Length };

    // Not where a datagram is empty or too long: what TransmitPackets makes of those is not documented, and the datagram that fails must be known.
    private bool MayTransmit()
    {
        _packets = false;
        if (!_batch!.IsTransmit || _batch.Count == 1 || socket.Extensions.TransmitPacketsPointer is null)
            return false;
        foreach (ref readonly DatagramBatch.Entry entry in _batch.Datagrams)
        {
            if (entry.Bytes == 0 || entry.Bytes > socket.MostBytes)
                return false;
        }

        return _packets = socket.Transmits.TryEnter();
    }

    private SocketError TransmitPackets()
    {
        uint count = (uint)_batch!.Pieces.Length;
        if (_elementCapacity < count)
        {
            NativeMemory.Free(_elements);
            _elementCapacity = Math.Max((int)count, DatagramBatch.MaxDatagrams);
            _elements = (TRANSMIT_PACKETS_ELEMENT*)NativeMemory.Alloc((nuint)_elementCapacity, (nuint)sizeof(TRANSMIT_PACKETS_ELEMENT));
        }

        for (int i = 0; i < count; i++)
        {
            WSABUF piece = Buffer(i);
            _elements[i] = new TRANSMIT_PACKETS_ELEMENT { dwElFlags = TP_ELEMENT_MEMORY, cLength = piece.len, pBuffer = piece.buf };
        }

        foreach (ref readonly DatagramBatch.Entry entry in _batch.Datagrams)
            _elements[entry.FirstPiece + entry.PieceCount - 1].dwElFlags |= TP_ELEMENT_EOP;
        OVERLAPPED* overlapped = Began();
        // All ones: each end of a packet is a send of its own.
        return Begun(socket.Extensions.TransmitPackets(socket.Native, _elements, count, uint.MaxValue, overlapped, TP_USE_DEFAULT_WORKER));
    }

    private OVERLAPPED* Began()
    {
        OVERLAPPED* overlapped = Begin(socket.Key);
        Loop.Statistics.Submitted(Verb.Send);
        InFlight = true;
        return overlapped;
    }

    private SocketError Begun(int code)
    {
        if (code is 0 or Win32Error.ERROR_IO_PENDING)
            return SocketError.Success;
        NotBegun();
        Ended();
        return WinsockErrors.FromCode(code);
    }

    private void Ended()
    {
        InFlight = false;
        Loop.Statistics.Completed(Verb.Send);
        if (_packets)
            socket.Transmits.Leave();
    }

    // How many datagrams so many bytes are; a datagram left whole or not at all.
    private int Whole(long bytes)
    {
        int count = 0;
        while (count < _batch!.Count && (bytes -= _batch.Datagrams[count].Bytes) >= 0)
            count++;
        return count;
    }

    private void Unpin()
    {
        _pins.Unpin();
        _batch = null;
    }
}
