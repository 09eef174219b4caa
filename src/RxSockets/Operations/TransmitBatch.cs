using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace RxSockets.Operations;

/// <summary>A piece of a transmit: memory, or a range of a file. Never empty.</summary>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct TransmitElement(ReadOnlyMemory<byte> Memory, SafeFileHandle? File, long Offset, long Count, bool EndOfPacket);

/// <summary>
/// What TransmitFile and TransmitPackets ask of an engine: pieces that leave as one burst, in order. Everything was validated: offsets are real, counts are
/// within the file as it was when the call was made. The batch is the engine's from <c>StartTransmit</c> until the transmit ended; memory and file
/// handles stay borrowed for that time (each handle is referenced, so that disposing it meanwhile does not close it).
/// </summary>
internal sealed class TransmitBatch
{
    private TransmitElement[] _elements = new TransmitElement[3];

    public int Count { get; private set; }

    public long Bytes { get; private set; }

    public ReadOnlySpan<TransmitElement> Elements => _elements.AsSpan(0, Count);

    /// <summary>Most bytes of one send request, 0 for the engine's choice, or <see cref="TransmitPacket.SendSizePerPacket"/>.</summary>
    public int SendSize { get; set; }

    /// <summary>Somebody listens to how far it came.</summary>
    public bool ReportsProgress { get; set; }

    /// <summary>As given by the caller; the documentation of StartTransmit says what an engine does with each.</summary>
    public TransmitFlags Flags { get; set; }

    public void Add(ReadOnlyMemory<byte> memory, bool endOfPacket)
    {
        if (memory.IsEmpty)
            EndPacket(endOfPacket);
        else
            Add(new TransmitElement(memory, null, 0, memory.Length, endOfPacket));
    }

    /// <summary>Adds a range of a file, and a reference to its handle until <see cref="Clear"/>.</summary>
    public void Add(SafeFileHandle file, long offset, long count, bool endOfPacket)
    {
        if (count == 0)
        {
            EndPacket(endOfPacket);
            return;
        }

        bool added = false;
        file.DangerousAddRef(ref added);
        Add(new TransmitElement(default, file, offset, count, endOfPacket));
    }

    public void Clear()
    {
        foreach (ref TransmitElement element in _elements.AsSpan(0, Count))
        {
            element.File?.DangerousRelease();
            element = default;
        }

        Count = 0;
        Bytes = 0;
        SendSize = 0;
        ReportsProgress = false;
        Flags = TransmitFlags.None;
    }

    // An empty element that ends a packet ends the one before it.
    private void EndPacket(bool endOfPacket)
    {
        if (endOfPacket && Count > 0)
            _elements[Count - 1] = _elements[Count - 1] with { EndOfPacket = true };
    }

    private void Add(TransmitElement element)
    {
        if (Count == _elements.Length)
            Array.Resize(ref _elements, Count * 2);
        _elements[Count++] = element;
        Bytes += element.Count;
    }
}
