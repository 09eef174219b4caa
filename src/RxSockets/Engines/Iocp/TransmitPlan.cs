using Microsoft.Win32.SafeHandles;
using RxSockets.Operations;
using static RxSockets.Native.Windows.WindowsConstants;

namespace RxSockets.Engines.Iocp;

/// <summary>What a step of a transmit is.</summary>
internal enum TransmitStep
{
    /// <summary>TransmitFile: head, file range, tail, each of them or none.</summary>
    File,

    /// <summary>TransmitPackets with <see cref="TransmitPlan.Elements"/>.</summary>
    Packets,

    /// <summary>WSASend of memory.</summary>
    Send,

    /// <summary>A block of the file is read, and goes by WSASend.</summary>
    Copy,
}

/// <summary>
/// Cuts a batch into native calls. What has TransmitFile's shape (memory, file, memory) goes by TransmitFile; everything else by TransmitPackets where the
/// provider has it, else by WSASend for memory and TransmitFile for files, with the memory before and after them. No call gets more than
/// 2,147,483,646 bytes. Pure bookkeeping.
/// </summary>
internal sealed unsafe class TransmitPlan
{
    public const long MaxCallBytes = 2_147_483_646;
    public const int MaxElements = 64;

    private readonly TransmitElement[] _elements = new TransmitElement[MaxElements];
    private TransmitBatch _batch = null!;
    private int _index;
    private long _done;
    private int _count;
    private bool _packets;

    /// <summary>Most bytes of one call where somebody listens to progress: there is none within a call.</summary>
    public const long ReportedCallBytes = 4 << 20;

    /// <summary>Most bytes of one call.</summary>
    public long CallBytes { get; private set; }

    /// <summary>What it is without a listener; tests make it small.</summary>
    public long LargestCall { get; init; } = MaxCallBytes;

    public bool IsDone => _index == _batch.Count;

    /// <summary>The next call sends from a file.</summary>
    public bool HasFileAhead => FindFile(_index) is var file && file < _batch.Count && (_packets || file <= _index + 1);

    /// <summary>Bytes of the step.</summary>
    public long Bytes { get; private set; }

    /// <summary>The step ends the batch.</summary>
    public bool IsLast { get; private set; }

    /// <summary>A short count is no early end of a file: the rest goes again.</summary>
    public bool IsSend { get; private set; }

    public uint Flags { get; private set; }

    public ReadOnlyMemory<byte> Head { get; private set; }

    public ReadOnlyMemory<byte> Tail { get; private set; }

    public SafeFileHandle? File { get; private set; }

    public long FileOffset { get; private set; }

    public long FileCount { get; private set; }

    /// <summary>For packets and sends.</summary>
    public ReadOnlySpan<TransmitElement> Elements => _elements.AsSpan(0, _count);

    public void Begin(TransmitBatch batch, WinsockExtensions extensions)
    {
        _batch = batch;
        CallBytes = batch.ReportsProgress ? Math.Min(ReportedCallBytes, LargestCall) : LargestCall;
        _index = 0;
        _done = 0;
        _packets = extensions.TransmitPacketsPointer is not null && !(HasFileShape(batch.Elements) && batch.SendSize >= 0);
    }

    /// <summary>The next step; without <paramref name="mayTransmit"/> no call sends from a file.</summary>
    public TransmitStep Next(bool mayTransmit)
    {
        Head = Tail = default;
        File = null;
        FileOffset = FileCount = 0;
        _count = 0;
        IsSend = false;
        TransmitStep step = _packets && mayTransmit ? Packets() : Compose(mayTransmit);
        IsLast = Bytes == Remaining();
        Flags = NativeFlags(IsLast);
        return step;
    }

    /// <summary>So many bytes of the step left.</summary>
    public void Advance(long bytes)
    {
        while (bytes > 0)
        {
            long rest = _batch.Elements[_index].Count - _done;
            if (bytes < rest)
            {
                _done += bytes;
                return;
            }

            bytes -= rest;
            _index++;
            _done = 0;
        }
    }

    private TransmitStep Packets()
    {
        Bytes = 0;
        for (int i = _index; i < _batch.Count && _count < MaxElements && Bytes < CallBytes; i++)
        {
            TransmitElement element = Rest(i);
            if (element.Count > CallBytes - Bytes)
            {
                // The packet goes on in the next call.
                long part = CallBytes - Bytes;
                element = element with { Count = part, EndOfPacket = false, Memory = element.File is null ? element.Memory[..(int)part] : default };
            }

            _elements[_count++] = element;
            Bytes += element.Count;
        }

        return TransmitStep.Packets;
    }

    private TransmitStep Compose(bool mayTransmit)
    {
        int file = FindFile(_index);
        if (file == _index && file < _batch.Count)
        {
            TransmitElement element = Rest(_index);
            File = element.File;
            FileOffset = element.Offset;
            FileCount = Bytes = Math.Min(element.Count, mayTransmit ? CallBytes : FileCopy.BlockBytes);
            IsSend = !mayTransmit;
            if (!mayTransmit)
                return TransmitStep.Copy;
            AddTail(_index, element);
            return TransmitStep.File;
        }

        bool memoryOnly = file == _batch.Count && _index == 0 && _done == 0 && _batch.Count <= 2 && _batch.Bytes <= CallBytes;
        if (memoryOnly)
        {
            Head = _batch.Elements[0].Memory;
            Tail = _batch.Count == 2 ? _batch.Elements[1].Memory : default;
            Bytes = _batch.Bytes;
            return TransmitStep.File;
        }

        if (file == _index + 1 && file < _batch.Count && mayTransmit && _done == 0 && _batch.Elements[_index].Count < CallBytes)
        {
            TransmitElement element = _batch.Elements[file];
            Head = _batch.Elements[_index].Memory;
            File = element.File;
            FileOffset = element.Offset;
            FileCount = Math.Min(element.Count, CallBytes - Head.Length);
            Bytes = Head.Length + FileCount;
            AddTail(file, element);
            return TransmitStep.File;
        }

        Bytes = 0;
        IsSend = true;
        // The memory right before a file is left for that call.
        int end = file < _batch.Count && mayTransmit && file > _index + 1 ? file - 1 : file;
        for (int i = _index; i < end && _count < MaxElements && (_count == 0 || Bytes + _batch.Elements[i].Count <= CallBytes); i++)
        {
            _elements[_count++] = Rest(i);
            Bytes += _elements[_count - 1].Count;
        }

        return TransmitStep.Send;
    }

    // Memory behind the file goes with its last call, unless it belongs in front of the next file.
    private void AddTail(int file, TransmitElement element)
    {
        int tail = file + 1;
        bool ends = FileCount == element.Count && tail < _batch.Count && _batch.Elements[tail].File is null && FindFile(tail) != tail + 1;
        if (!ends || Bytes + _batch.Elements[tail].Count > CallBytes)
            return;
        Tail = _batch.Elements[tail].Memory;
        Bytes += Tail.Length;
    }

    private TransmitElement Rest(int index)
    {
        TransmitElement element = _batch.Elements[index];
        if (index != _index || _done == 0)
            return element;
        return element.File is null
            ? element with { Memory = element.Memory[(int)_done..], Count = element.Count - _done }
            : element with { Offset = element.Offset + _done, Count = element.Count - _done };
    }

    private long Remaining()
    {
        long remaining = -_done;
        for (int i = _index; i < _batch.Count; i++)
            remaining += _batch.Elements[i].Count;
        return remaining;
    }

    private int FindFile(int from)
    {
        int at = from;
        while (at < _batch.Count && _batch.Elements[at].File is null)
            at++;
        return at;
    }

    // UseDefaultWorker is the absence of the others. ReuseSocket: see IocpTransmit.
    private uint NativeFlags(bool last)
    {
        TransmitFlags flags = _batch.Flags;
        uint native = 0;
        if ((flags & TransmitFlags.Disconnect) != 0 && last)
            native |= TF_DISCONNECT;
        if ((flags & TransmitFlags.WriteBehind) != 0)
            native |= TF_WRITE_BEHIND;
        if ((flags & TransmitFlags.UseSystemThread) != 0)
            native |= TF_USE_SYSTEM_THREAD;
        if ((flags & TransmitFlags.UseKernelApc) != 0)
            native |= TF_USE_KERNEL_APC;
        return native;
    }

    private static bool HasFileShape(ReadOnlySpan<TransmitElement> elements) => elements switch
    {
        [_] or [{ File: null }, _] or [_, { File: null }] => true,
        [{ File: null }, { File: not null }, { File: null }] => true,
        _ => false,
    };
}
