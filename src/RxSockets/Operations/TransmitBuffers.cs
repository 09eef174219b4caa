using System.Buffers;

namespace RxSockets.Operations;

/// <summary>
/// Buffers that file ranges are read into where the kernel does not send them itself. Not those of <see cref="ArrayPool{T}.Shared"/>: it keeps one for each thread
/// that ever returned one, and a transmit goes on with whichever thread of the pool is free, so that the heap grew with the thread pool. Thread-safe.
/// </summary>
internal static class TransmitBuffers
{
    public const int Bytes = 128 << 10;
    private const int Kept = 16;

    private static readonly ArrayPool<byte> s_pool = ArrayPool<byte>.Create(Bytes, Kept);

    /// <summary>At least so many bytes, of at most <see cref="Bytes"/>.</summary>
    public static byte[] Rent(long bytes) => s_pool.Rent((int)Math.Min(bytes, Bytes));

    public static void Return(byte[] buffer) => s_pool.Return(buffer);
}
