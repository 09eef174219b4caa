namespace RxSockets.Buffers;

/// <summary>
/// How a received datagram lies in its buffer: 16 bytes of the engine's own (a header that the kernel writes, or a length it wants an address for), then
/// the sender's native address, then the payload. So the kernel writes all of it in place, and a datagram needs nothing but its buffer.
/// </summary>
internal static class DatagramLayout
{
    public const int HeaderBytes = 16;

    public const int AddressOffset = HeaderBytes;

    /// <summary>Room for the largest address of IP (sockaddr_in6, 28 bytes), in whole words.</summary>
    public const int AddressBytes = 32;

    public const int PayloadOffset = AddressOffset + AddressBytes;

    /// <summary>What UDP over IPv6 can carry without a jumbogram: 65,535 less its header. </summary>
    public const int LargestPayload = 65527;

    /// <summary>What UDP over IPv4 can carry.</summary>
    public const int LargestPayloadOfIp4 = 65507;

    private const int SmallestBuffer = 512;
    private const int LargestBuffer = 65600;

    /// <summary>
    /// The buffer size for datagrams of at most this many bytes: a power of two from 512 to 32,768, or one that holds anything, so that the sizes in use
    /// are few. One byte is to spare: an engine that is not told of truncation asks for one byte too many.
    /// </summary>
    public static int BufferSizeFor(int maxDatagramSize)
    {
        int needed = PayloadOffset + maxDatagramSize + 1;
        for (int size = SmallestBuffer; size < LargestBuffer; size *= 2)
        {
            if (size >= needed)
                return Math.Min(size, LargestBuffer);
        }

        return LargestBuffer;
    }
}
