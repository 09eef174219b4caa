namespace RxSockets;

/// <summary>Which completion engine carries a <see cref="CompletionPort"/>.</summary>
public enum EngineKind
{
    /// <summary>The best engine that works on this machine; <see cref="CompletionPort.EngineReason"/> says which and why.</summary>
    Auto,

    /// <summary>Windows I/O completion ports with Winsock's extension functions.</summary>
    Iocp,

    /// <summary>Linux io_uring (kernel 6.1 or later).</summary>
    IoUring,

    /// <summary>System.Net.Sockets, on every operating system .NET runs on.</summary>
    Managed,

    /// <summary>A network in memory, on virtual time: ports of RxSockets.Testing's <c>SimulatedNetwork</c>. Not to be had by name.</summary>
    Simulated,
}
