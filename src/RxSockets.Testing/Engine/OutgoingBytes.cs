using System.Net.Sockets;
using RxSockets.Operations;

namespace RxSockets.Testing;

/// <summary>What a send, transmit or first block has still to hand over: memory and file ranges in order. Reads memory when it is taken, as a kernel does.</summary>
internal sealed class OutgoingBytes
{
    private readonly TransmitElement[] _elements;
    private int _element;
    private long _at;

    public OutgoingBytes(SendBatch batch)
    {
        _elements = new TransmitElement[batch.Count];
        for (int i = 0; i < _elements.Length; i++)
            _elements[i] = Of(batch.Pieces[i]);
        Remaining = batch.Bytes;
    }

    public OutgoingBytes(TransmitBatch batch)
    {
        _elements = batch.Elements.ToArray();
        Remaining = batch.Bytes;
    }

    public OutgoingBytes(ReadOnlyMemory<byte> memory)
    {
        _elements = [Of(memory)];
        Remaining = memory.Length;
    }

    public long Remaining { get; private set; }

    /// <summary>At most this many bytes, more than none. Null with an error where they cannot be read.</summary>
    public byte[]? Take(int most, out SocketError error)
    {
        byte[] bytes = new byte[Math.Min(most, Remaining)];
        int filled = 0;
        error = SocketError.Success;
        try
        {
            while (filled < bytes.Length)
            {
                TransmitElement element = _elements[_element];
                int count = (int)Math.Min(element.Count - _at, bytes.Length - filled);
                if (element.File is null)
                    element.Memory.Span.Slice((int)_at, count).CopyTo(bytes.AsSpan(filled));
                else
                    count = RandomAccess.Read(element.File, bytes.AsSpan(filled, count), element.Offset + _at);
                if (count == 0)
                {
                    // The file became shorter; what was read of it still leaves.
                    error = SocketError.InvalidArgument;
                    break;
                }

                filled += count;
                Advance(count, element.Count);
            }
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            error = SocketError.SocketError;
        }
        catch (Exception)
        {
            // The owner of a piece threw.
            error = SocketError.Fault;
        }

        return filled == 0 ? null : bytes.Length == filled ? bytes : bytes[..filled];
    }

    private static TransmitElement Of(ReadOnlyMemory<byte> memory) => new(memory, null, 0, memory.Length, EndOfPacket: false);

    private void Advance(int count, long length)
    {
        Remaining -= count;
        _at += count;
        if (_at < length)
            return;
        _element++;
        _at = 0;
    }
}
