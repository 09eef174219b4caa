using System.Buffers;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using RxSockets.Native.Windows;
using RxSockets.Operations;
using static RxSockets.Native.Windows.WindowsConstants;

namespace RxSockets.Engines.Iocp;

/// <summary>
/// The transmit of a socket: one native call after the other, as <see cref="TransmitPlan"/> cuts the batch into calls, each started when the one before
/// has completed. What a call refers to (pinned memory, the arrays) lives until its completion. TF_DISCONNECT goes with the last call.
/// TF_REUSE_SOCKET does not: it would wait within the call until the peer's data was read, with nobody to read it and no deadline; the owner reads, and
/// then <see cref="IocpRecycle"/> passes it to DisconnectEx. Guarded by the socket's lock.
/// </summary>
internal sealed unsafe class IocpTransmit : IocpRequest, ICancellable
{
    private readonly IocpSocket _socket;
    private readonly TransmitPlan _plan = new();
    private readonly List<MemoryHandle> _pins = [];
    private readonly EndNode _end;
    private TRANSMIT_FILE_BUFFERS* _buffers;
    private TRANSMIT_PACKETS_ELEMENT* _elements;
    private FileCopy? _copy;
    private TransmitBatch? _batch;
    private long _sent;
    private long _asked;
    private bool _entered;
    private bool _cancelAsked;
    private SocketError _error;

    public IocpTransmit(IocpSocket socket)
        : base(socket.Loop)
    {
        _socket = socket;
        _end = new EndNode(this);
    }

    public bool InFlight { get; private set; }

    /// <summary>A call with TF_DISCONNECT succeeded: the FIN is on its way.</summary>
    public bool HasDisconnected { get; private set; }

    /// <summary>True: pending.</summary>
    public bool Start(TransmitBatch batch, out long sent, out SocketError error)
    {
        lock (_socket.Sync)
        {
            _batch = batch;
            _sent = 0;
            _cancelAsked = false;
            _plan.Begin(batch, _socket.Extensions);
            try
            {
                error = Next();
            }
            catch
            {
                _batch = null;
                throw;
            }

            sent = _sent;
            if (!InFlight)
                _batch = null;
            return InFlight;
        }
    }

    /// <summary>On the loop's thread.</summary>
    public void Cancel()
    {
        lock (_socket.Sync)
        {
            _cancelAsked = true;
            if (!InFlight || _copy is { IsReading: true })
                return;
            Loop.Statistics.Submitted(Verb.Cancel);
            _ = _socket.Winsock.Cancel(_socket.Native, Overlapped);
            Loop.WatchCancelled(this);
        }
    }

    bool ICancellable.CancelAgain()
    {
        lock (_socket.Sync)
        {
            if (!InFlight || !_cancelAsked)
                return false;
            if (_copy is not { IsReading: true })
                _ = _socket.Winsock.Cancel(_socket.Native, Overlapped);
            return true;
        }
    }

    public override void OnCompletion(uint status, uint bytes)
    {
        SocketError error;
        lock (_socket.Sync)
        {
            Loop.Statistics.Completed(Verb.Transmit);
            EndCall();
            _sent += bytes;
            error = IocpSend.ToReset(WinsockErrors.FromStatus(status));
            if (error == SocketError.Success && bytes < _asked && !_plan.IsSend)
                error = SocketError.InvalidArgument;   // the file ended early
            if (error == SocketError.Success)
            {
                HasDisconnected |= _plan.IsLast && (_plan.Flags & TF_DISCONNECT) != 0;
                _plan.Advance(bytes);
                if (!_plan.IsDone)
                    error = _cancelAsked || _socket.IsClosing ? SocketError.OperationAborted : GoOn();
            }
        }

        Tell(error);
    }

    /// <summary>A worker has read a block of the file that no TransmitFile was free for. On that worker's thread.</summary>
    public void OnBlockRead(int bytes, SocketError error)
    {
        lock (_socket.Sync)
        {
            _copy!.Done();
            if (error == SocketError.Success && bytes == 0)
                error = SocketError.InvalidArgument;
            else if (error == SocketError.Success && (_cancelAsked || _socket.IsClosing))
                error = SocketError.OperationAborted;
            InFlight = false;
            if (error == SocketError.Success)
                error = SendBlock(bytes);
            if (InFlight)
                return;
            InFlight = true;
            _error = error;
        }

        Loop.Post(_end, 1);
    }

    /// <summary>After the last completion.</summary>
    public void Free()
    {
        ReturnBlock();
        NativeMemory.Free(_buffers);
        NativeMemory.Free(_elements);
        _buffers = null;
        _elements = null;
        _copy?.Free();
    }

    private void Tell(SocketError error)
    {
        if (InFlight)
        {
            _socket.Sink.OnTransmitProgress(_sent);
            return;
        }

        _batch = null;
        _socket.Sink.OnSendCompleted(_sent, error);
        _socket.FinishCloseIfIdle();
    }

    // Not the first call: the owner of memory that throws here has nobody above to hear it, and part of the batch has left.
    private SocketError GoOn()
    {
        try
        {
            return Next();
        }
        catch (Exception)
        {
            return SocketError.Fault;
        }
    }

    // Starts the next call. Success: it is in flight. Throws what a piece's owner throws, with nothing in flight.
    private SocketError Next()
    {
        bool mayEnter = !_plan.HasFileAhead || _socket.Transmits.TryEnter();
        _entered = mayEnter && _plan.HasFileAhead;
        TransmitStep step = _plan.Next(mayEnter);
        if (step == TransmitStep.Copy)
        {
            InFlight = true;
            (_copy ??= new FileCopy(this)).Read(_plan.File!, _plan.FileOffset, _plan.FileCount);
            return SocketError.Success;
        }

        OVERLAPPED* overlapped = BeginCall(_plan.Bytes);
        try
        {
            return Begun(step switch
            {
                TransmitStep.File => TransmitFile(overlapped),
                TransmitStep.Packets => TransmitPackets(overlapped),
                _ => Send(overlapped),
            });
        }
        catch
        {
            Begun((int)SocketError.Fault);
            throw;
        }
    }

    private SocketError SendBlock(int bytes)
    {
        OVERLAPPED* overlapped = BeginCall(bytes);
        var block = new WSABUF { buf = _copy!.Block, len = (uint)bytes };
        uint sent = 0;
        return Begun(_socket.Winsock.Send(_socket.Native, &block, 1, &sent, overlapped));
    }

    private OVERLAPPED* BeginCall(long bytes)
    {
        OVERLAPPED* overlapped = Begin(_socket.Key);
        _asked = bytes;
        InFlight = true;
        Loop.Statistics.Submitted(Verb.Transmit);
        return overlapped;
    }

    private SocketError Begun(int code)
    {
        if (code is 0 or Win32Error.ERROR_IO_PENDING)
            return SocketError.Success;
        NotBegun();
        Loop.Statistics.Completed(Verb.Transmit);
        EndCall();
        return IocpSend.ToReset(WinsockErrors.FromCode(code));
    }

    private void EndCall()
    {
        InFlight = false;
        foreach (MemoryHandle pin in _pins)
            pin.Dispose();
        _pins.Clear();
        if (_entered)
            _socket.Transmits.Leave();
        _entered = false;
    }

    private int TransmitFile(OVERLAPPED* overlapped)
    {
        if (_buffers is null)
            _buffers = (TRANSMIT_FILE_BUFFERS*)NativeMemory.AllocZeroed((nuint)sizeof(TRANSMIT_FILE_BUFFERS));
        *_buffers = new TRANSMIT_FILE_BUFFERS
        {
            Head = Pin(_plan.Head), HeadLength = (uint)_plan.Head.Length, Tail = Pin(_plan.Tail), TailLength = (uint)_plan.Tail.Length,
        };
        bool hasBuffers = _plan.Head.Length + _plan.Tail.Length > 0;
        overlapped->Offset = (uint)_plan.FileOffset;
        overlapped->OffsetHigh = (uint)(_plan.FileOffset >> 32);
        return _socket.Extensions.TransmitFile(
            _socket.Native, _plan.File?.DangerousGetHandle() ?? 0, (uint)_plan.FileCount, (uint)Math.Max(0, _batch!.SendSize), overlapped, hasBuffers ? _buffers : null, _plan.Flags);
    }

    private int TransmitPackets(OVERLAPPED* overlapped)
    {
        if (_elements is null)
            _elements = (TRANSMIT_PACKETS_ELEMENT*)NativeMemory.Alloc(TransmitPlan.MaxElements, (nuint)sizeof(TRANSMIT_PACKETS_ELEMENT));
        uint count = 0;
        foreach (TransmitElement element in _plan.Elements)
        {
            var native = new TRANSMIT_PACKETS_ELEMENT { cLength = (uint)element.Count, dwElFlags = element.EndOfPacket ? TP_ELEMENT_EOP : 0 };
            if (element.File is null)
            {
                native.dwElFlags |= TP_ELEMENT_MEMORY;
                native.pBuffer = Pin(element.Memory);
            }
            else
            {
                native.dwElFlags |= TP_ELEMENT_FILE;
                native.nFileOffset = element.Offset;
                native.hFile = element.File.DangerousGetHandle();
            }

            _elements[count++] = native;
        }

        // -1 is all ones: "I control every send".
        return _socket.Extensions.TransmitPackets(_socket.Native, _elements, count, unchecked((uint)_batch!.SendSize), overlapped, _plan.Flags);
    }

    private int Send(OVERLAPPED* overlapped)
    {
        WSABUF* vector = stackalloc WSABUF[TransmitPlan.MaxElements];
        uint count = 0;
        foreach (TransmitElement element in _plan.Elements)
            vector[count++] = new WSABUF { buf = Pin(element.Memory), len = (uint)element.Count };
        uint sent = 0;
        return _socket.Winsock.Send(_socket.Native, vector, count, &sent, overlapped);
    }

    private byte* Pin(ReadOnlyMemory<byte> memory)
    {
        if (memory.IsEmpty)
            return null;
        MemoryHandle pin = memory.Pin();
        _pins.Add(pin);
        return (byte*)pin.Pointer;
    }

    // A failure outside of a completion, told from the loop's thread.
    private sealed class EndNode(IocpTransmit transmit) : LoopNode
    {
        public override void Execute(int commands)
        {
            lock (transmit._socket.Sync)
                transmit.InFlight = false;
            transmit.Tell(transmit._error);
        }
    }
}
