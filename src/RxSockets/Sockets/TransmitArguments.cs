using System.Net.Sockets;
using Microsoft.Win32.SafeHandles;
using RxSockets.Operations;

namespace RxSockets.Sockets;

/// <summary>
/// The rules of TransmitFile's and TransmitPackets' arguments, checked here so that every engine reports the same: what the native calls answer with
/// WSAEINVAL is <see cref="SocketError.InvalidArgument"/>.
/// </summary>
internal static class TransmitArguments
{
    private const TransmitFlags All = TransmitFlags.Disconnect | TransmitFlags.ReuseSocket | TransmitFlags.WriteBehind
        | TransmitFlags.UseDefaultWorker | TransmitFlags.UseSystemThread | TransmitFlags.UseKernelApc;

    private const TransmitFlags Ending = TransmitFlags.Disconnect | TransmitFlags.ReuseSocket;

    public static TransmitOperation File(SafeFileHandle? file, FileTransmitOptions options)
    {
        CheckFlags(options.Flags, isPackets: false);
        if (options.BytesPerSend < 0)
            throw Invalid($"BytesPerSend is {options.BytesPerSend}, and must be 0 or more.");
        (long offset, long count) = file is null ? default : Range(file, options.Offset, options.Count);
        TransmitOperation operation = TransmitOperation.Rent(TransmitKind.File);
        operation.Batch.Add(options.Head, endOfPacket: false);
        if (file is not null)
            operation.Batch.Add(file, offset, count, endOfPacket: false);
        operation.Batch.Add(options.Tail, endOfPacket: false);
        operation.Batch.SendSize = options.BytesPerSend;
        operation.Batch.Flags = options.Flags;
        return operation;
    }

    public static TransmitOperation Packets(ReadOnlyMemory<TransmitPacket> packets, int sendSize, TransmitFlags flags)
    {
        CheckFlags(flags, isPackets: true);
        if (sendSize < TransmitPacket.SendSizePerPacket)
            throw Invalid($"The send size is {sendSize}, and must be 0 or more, or TransmitPacket.SendSizePerPacket.");
        TransmitOperation operation = TransmitOperation.Rent(TransmitKind.Packets);
        try
        {
            foreach (TransmitPacket packet in packets.Span)
                Add(operation.Batch, packet);
        }
        catch
        {
            operation.Abandon();
            throw;
        }

        operation.Batch.SendSize = sendSize;
        operation.Batch.Flags = flags;
        return operation;
    }

    private static void Add(TransmitBatch batch, TransmitPacket packet)
    {
        if (packet.File is null)
        {
            batch.Add(packet.Memory, packet.EndOfPacket);
            return;
        }

        long start = packet.Offset == TransmitPacket.CurrentPosition ? Position(packet.File) : packet.Offset;
        (long offset, long count) = Range(packet.File, start, packet.Count);
        batch.Add(packet.File, offset, count, packet.EndOfPacket);
    }

    private static void CheckFlags(TransmitFlags flags, bool isPackets)
    {
        if ((flags & ~All) != 0)
            throw Invalid($"{flags} holds flags that do not exist.");
        if ((flags & TransmitFlags.ReuseSocket) != 0 && (flags & TransmitFlags.Disconnect) == 0)
            throw Invalid("ReuseSocket needs Disconnect.");
        if ((flags & TransmitFlags.WriteBehind) != 0 && ((flags & Ending) != 0 || isPackets))
            throw Invalid(isPackets ? "WriteBehind is not for packets." : "WriteBehind does not go with Disconnect or ReuseSocket.");
    }

    private static (long Offset, long Count) Range(SafeFileHandle file, long offset, long count)
    {
        long length = Length(file);
        if (offset < 0 || offset > length)
            throw Invalid($"The offset {offset} is outside of the file, which has {length} bytes.");
        if (count < 0 || count > length - offset)
            throw Invalid($"{count} bytes from {offset} are not in the file, which has {length} bytes.");
        return (offset, count == 0 ? length - offset : count);
    }

    private static long Length(SafeFileHandle file)
    {
        try
        {
            return RandomAccess.GetLength(file);
        }
        catch (NotSupportedException)
        {
            throw Invalid("The file cannot seek.");
        }
    }

    // A stream over the handle asks the system where it stands; without a buffer it moves nothing, and the handle stays the caller's.
    private static long Position(SafeFileHandle file)
    {
        using var borrowed = new SafeFileHandle(file.DangerousGetHandle(), ownsHandle: false);
        try
        {
            using var stream = new FileStream(borrowed, FileAccess.Read, bufferSize: 0, file.IsAsync);
            return stream.Position;
        }
        catch (NotSupportedException)
        {
            throw Invalid("The file cannot seek.");
        }
    }

    private static TransmitException Invalid(string reason) => new(SocketError.InvalidArgument, 0, reason);
}
