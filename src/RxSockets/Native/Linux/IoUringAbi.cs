using System.Runtime.InteropServices;

namespace RxSockets.Native.Linux;

/// <summary>struct io_uring_sqe, with the fields of the operations used here. Kernel spelling.</summary>
[StructLayout(LayoutKind.Explicit, Size = 64)]
internal struct io_uring_sqe
{
    [FieldOffset(0)] public byte opcode;
    [FieldOffset(1)] public byte flags;
    [FieldOffset(2)] public ushort ioprio;
    [FieldOffset(4)] public int fd;
    [FieldOffset(8)] public ulong off;
    [FieldOffset(8)] public ulong addr2;
    [FieldOffset(16)] public ulong addr;
    [FieldOffset(24)] public uint len;
    [FieldOffset(28)] public uint op_flags;
    [FieldOffset(32)] public ulong user_data;
    [FieldOffset(40)] public ushort buf_group;
    [FieldOffset(42)] public ushort personality;
    [FieldOffset(44)] public uint file_index;
    [FieldOffset(48)] public ulong addr3;
}

/// <summary>struct io_uring_cqe.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct io_uring_cqe
{
    public ulong user_data;
    public int res;
    public uint flags;
}

/// <summary>struct io_sqring_offsets.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct io_sqring_offsets
{
    public uint head, tail, ring_mask, ring_entries, flags, dropped, array, resv1;
    public ulong user_addr;
}

/// <summary>struct io_cqring_offsets.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct io_cqring_offsets
{
    public uint head, tail, ring_mask, ring_entries, overflow, cqes, flags, resv1;
    public ulong user_addr;
}

/// <summary>struct io_uring_params.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct io_uring_params
{
    public uint sq_entries, cq_entries, flags, sq_thread_cpu, sq_thread_idle, features, wq_fd, resv0, resv1, resv2;
    public io_sqring_offsets sq_off;
    public io_cqring_offsets cq_off;
}

/// <summary>struct io_uring_buf; the tail of a buffer ring lies over resv of entry 0.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct io_uring_buf
{
    public ulong addr;
    public uint len;
    public ushort bid;
    public ushort resv;
}

/// <summary>struct io_uring_buf_reg.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct io_uring_buf_reg
{
    public ulong ring_addr;
    public uint ring_entries;
    public ushort bgid;
    public ushort flags;
    public ulong resv0, resv1, resv2;
}

/// <summary>struct io_uring_getevents_arg.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct io_uring_getevents_arg
{
    public ulong sigmask;
    public uint sigmask_sz;
    public uint pad;
    public ulong ts;
}

/// <summary>struct io_uring_probe_op.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct io_uring_probe_op
{
    public byte op, resv;
    public ushort flags;
    public uint resv2;
}

/// <summary>struct io_uring_recvmsg_out: before the name and the payload of a multishot RECVMSG.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct io_uring_recvmsg_out
{
    public uint namelen, controllen, payloadlen, flags;
}

/// <summary>struct __kernel_timespec.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct kernel_timespec
{
    public long tv_sec, tv_nsec;
}

/// <summary>Constants of linux/io_uring.h, kernel spelling; every one is compared with the header by a test.</summary>
internal static class IoUringAbi
{
    public const byte IORING_OP_NOP = 0;
    public const byte IORING_OP_POLL_ADD = 6;
    public const byte IORING_OP_SENDMSG = 9;
    public const byte IORING_OP_RECVMSG = 10;
    public const byte IORING_OP_TIMEOUT = 11;
    public const byte IORING_OP_ACCEPT = 13;
    public const byte IORING_OP_ASYNC_CANCEL = 14;
    public const byte IORING_OP_CONNECT = 16;
    public const byte IORING_OP_CLOSE = 19;
    public const byte IORING_OP_READ = 22;
    public const byte IORING_OP_SEND = 26;
    public const byte IORING_OP_RECV = 27;
    public const byte IORING_OP_SOCKET = 45;
    public const byte IORING_OP_SEND_ZC = 47;

    public const byte IOSQE_IO_LINK = 1 << 2;
    public const byte IOSQE_BUFFER_SELECT = 1 << 5;

    public const uint IORING_SETUP_CQSIZE = 1U << 3;
    public const uint IORING_SETUP_CLAMP = 1U << 4;
    public const uint IORING_SETUP_R_DISABLED = 1U << 6;
    public const uint IORING_SETUP_SUBMIT_ALL = 1U << 7;
    public const uint IORING_SQ_CQ_OVERFLOW = 1U << 1;
    public const uint IORING_SQ_TASKRUN = 1U << 2;
    public const uint IORING_SETUP_COOP_TASKRUN = 1U << 8;
    public const uint IORING_SETUP_TASKRUN_FLAG = 1U << 9;
    public const uint IORING_SETUP_SINGLE_ISSUER = 1U << 12;
    public const uint IORING_SETUP_DEFER_TASKRUN = 1U << 13;
    public const uint IORING_SETUP_NO_SQARRAY = 1U << 16;

    public const uint IORING_ENTER_GETEVENTS = 1U << 0;
    public const uint IORING_ENTER_EXT_ARG = 1U << 3;

    public const uint IORING_FEAT_SINGLE_MMAP = 1U << 0;
    public const uint IORING_FEAT_NODROP = 1U << 1;
    public const uint IORING_FEAT_EXT_ARG = 1U << 8;
    public const uint IORING_FEAT_RECVSEND_BUNDLE = 1U << 14;

    public const uint IORING_CQE_F_BUFFER = 1U << 0;
    public const uint IORING_CQE_F_MORE = 1U << 1;
    public const int IORING_CQE_BUFFER_SHIFT = 16;

    public const ushort IORING_RECV_MULTISHOT = 1 << 1;
    public const ushort IORING_RECVSEND_BUNDLE = 1 << 4;
    public const ushort IORING_ACCEPT_MULTISHOT = 1 << 0;
    public const uint IORING_ASYNC_CANCEL_ALL = 1U << 0;
    public const uint IORING_ASYNC_CANCEL_FD = 1U << 1;

    public const uint IORING_REGISTER_PROBE = 8;
    public const uint IORING_REGISTER_ENABLE_RINGS = 12;
    public const uint IORING_REGISTER_PBUF_RING = 22;
    public const ushort IO_URING_OP_SUPPORTED = 1 << 0;

    public const ulong IORING_OFF_SQ_RING = 0;
    public const ulong IORING_OFF_SQES = 0x10000000;
}
