using RxSockets.Native.Linux;
using static RxSockets.Native.Linux.IoUringAbi;

namespace RxSockets.Engines.IoUring;

/// <summary>Finds out at run time whether the engine can work: with a real ring, the opcodes asked for, and a buffer ring registered.</summary>
internal static unsafe class RingProbe
{
    private static readonly (byte Opcode, string Name)[] s_needed =
    [
        (IORING_OP_ACCEPT, "ACCEPT"), (IORING_OP_RECV, "RECV"), (IORING_OP_SEND, "SEND"), (IORING_OP_SENDMSG, "SENDMSG"), (IORING_OP_RECVMSG, "RECVMSG"),
        (IORING_OP_CONNECT, "CONNECT"), (IORING_OP_ASYNC_CANCEL, "ASYNC_CANCEL"), (IORING_OP_CLOSE, "CLOSE"), (IORING_OP_READ, "READ"),
        // Not used; it came with 6.0, as did multishot receive, which has no opcode of its own to ask for.
        (IORING_OP_SEND_ZC, "SEND_ZC (kernel 6.0)"),
    ];

    /// <summary>Null when io_uring works here; else a sentence that says what is missing.</summary>
    public static string? Run(CompletionPortOptions options, IRingSystem? system = null)
    {
        try
        {
            using var ring = new Ring((uint)options.SubmissionEntries, (uint)options.CompletionEntries, statistics: null, system);
            if (MissingOpcode(ring) is { } missing)
                return $"the kernel is too old: it lacks the operation {missing}.";
            using var buffers = new BufferRing(ring, group: 0, entries: 1);
            return null;
        }
        catch (RingRefusedException refusal)
        {
            return refusal.Message;
        }
    }

    private static string? MissingOpcode(Ring ring)
    {
        const int Header = 16;
        const int Count = 64;
        int size = Header + (Count * sizeof(io_uring_probe_op));
        byte* probe = stackalloc byte[size];
        new Span<byte>(probe, size).Clear();
        int result = ring.Register(IORING_REGISTER_PROBE, probe, Count);
        if (result < 0)
            throw RingRefusedException.From(-result, "IORING_REGISTER_PROBE");
        io_uring_probe_op* operations = (io_uring_probe_op*)(probe + Header);
        foreach ((byte opcode, string name) in s_needed)
        {
            if (opcode >= probe[1] || (operations[opcode].flags & IO_URING_OP_SUPPORTED) == 0)
                return name;
        }

        return null;
    }
}
