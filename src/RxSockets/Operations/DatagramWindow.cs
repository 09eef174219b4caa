using System.Net.Sockets;
using System.Runtime.InteropServices;
using RxSockets.Buffers;

namespace RxSockets.Operations;

/// <summary>
/// Datagrams put together from file ranges and many pieces, some at a time in one rented buffer. Read by one thread, then used by another; never both.
/// </summary>
internal sealed class DatagramWindow
{
    private const int Bytes = TransmitBuffers.Bytes;

    private readonly Datagram[] _datagrams = new Datagram[DatagramBatch.MaxDatagrams];
    private byte[]? _buffer;
    private int _count;

    /// <summary>The element behind the datagram that begins at <paramref name="first"/>.</summary>
    public static int EndOf(ReadOnlySpan<TransmitElement> elements, int first)
    {
        int last = first;
        while (last < elements.Length - 1 && !elements[last].EndOfPacket)
            last++;
        return last + 1;
    }

    /// <summary>The datagram that begins at this element, if it is here.</summary>
    public bool TryGet(int first, out ReadOnlyMemory<byte> datagram)
    {
        foreach (Datagram one in _datagrams.AsSpan(0, _count))
        {
            if (one.First != first)
                continue;
            datagram = _buffer.AsMemory(one.Offset, one.Length);
            return true;
        }

        datagram = default;
        return false;
    }

    /// <summary>Puts together the datagrams from this element on, as many as fit, at least one. Replaces what was here.</summary>
    public SocketError Read(ReadOnlySpan<TransmitElement> elements, int first)
    {
        _buffer ??= TransmitBuffers.Rent(Bytes);
        _count = 0;
        for (int used = 0; first < elements.Length && _count < _datagrams.Length; _count++)
        {
            int end = EndOf(elements, first);
            long length = 0;
            for (int i = first; i < end; i++)
                length += elements[i].Count;
            if (_count == 0 && length > DatagramLayout.LargestPayload)
                return SocketError.MessageSize;
            if (length > Bytes - used)
                break;
            SocketError error = PutTogether(elements[first..end], _buffer.AsSpan(used, (int)length));
            if (error != SocketError.Success)
                return _count == 0 ? error : SocketError.Success;
            _datagrams[_count] = new Datagram(first, used, (int)length);
            used += (int)length;
            first = end;
        }

        return SocketError.Success;
    }

    public void Clear()
    {
        if (_buffer is not null)
            TransmitBuffers.Return(_buffer);
        _buffer = null;
        _count = 0;
    }

    private static SocketError PutTogether(ReadOnlySpan<TransmitElement> elements, Span<byte> to)
    {
        foreach (TransmitElement element in elements)
        {
            Span<byte> part = to[..(int)element.Count];
            to = to[part.Length..];
            if (element.File is null)
            {
                element.Memory.Span.CopyTo(part);
                continue;
            }

            for (long offset = element.Offset; !part.IsEmpty;)
            {
                int read = ReadFile(element, part, offset, out SocketError error);
                if (read == 0)
                    return error;
                part = part[read..];
                offset += read;
            }
        }

        return SocketError.Success;
    }

    // 0: the file became shorter, or cannot be read.
    private static int ReadFile(TransmitElement element, Span<byte> part, long offset, out SocketError error)
    {
        error = SocketError.InvalidArgument;
        try
        {
            return RandomAccess.Read(element.File!, part, offset);
        }
        catch (IOException)
        {
            error = SocketError.SocketError;
        }
        catch (UnauthorizedAccessException)
        {
            error = SocketError.AccessDenied;
        }

        return 0;
    }

    [StructLayout(LayoutKind.Auto)]
    private readonly record struct Datagram(int First, int Offset, int Length);
}
