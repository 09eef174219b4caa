namespace RxSockets;

/// <summary>Settings of an <see cref="RxListener"/>. Copied and validated by <see cref="RxListener.Bind"/>.</summary>
public sealed class ListenerOptions
{
    /// <summary>
    /// 0 (the default): a connection is delivered as soon as it is established. Otherwise (to 65,536) it is delivered with the first block of
    /// data, of at most this many bytes, as AcceptEx does with <c>dwReceiveDataLength</c>.
    /// </summary>
    public int FirstDataBytes { get; set; }

    /// <summary>
    /// With <see cref="FirstDataBytes"/>: a client connected for this long without a byte is aborted; never early, at most one second plus one sweep late.
    /// A sweep happens every min(timeout / 4, 1 s). Default 10 s.
    /// </summary>
    public TimeSpan FirstDataTimeout { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>With <see cref="FirstDataBytes"/>: how many silent clients may wait; above it the oldest is aborted. 1 to 65,536; default 1,024.</summary>
    public int MaxPendingFirstData { get; set; } = 1024;

    /// <summary>Connections the kernel queues before they are accepted, 1 to 65,535; default 512. The kernel may cap it (Linux: net.core.somaxconn).</summary>
    public int Backlog { get; set; } = 512;

    /// <summary>
    /// Accepts kept posted, and connections accepted ahead of the reader, 1 to 4,096; default 32 (what libuv posts). Where the kernel accepts in
    /// bursts (multishot), the burst that crosses the limit is kept for the next reader, so the bound is this plus <see cref="Backlog"/>.
    /// </summary>
    public int PendingAccepts { get; set; } = 32;

    /// <summary>For an IPv6 listener: also accept IPv4 clients, as ::ffff:a.b.c.d. Default true.</summary>
    public bool DualMode { get; set; } = true;

    /// <summary>Disables Nagle's algorithm (TCP_NODELAY) on accepted connections. Default true.</summary>
    public bool NoDelay { get; set; } = true;

    /// <summary>The port that carries the listener and its connections. Default <see cref="RxSockets.CompletionPort.Shared"/>.</summary>
    public CompletionPort? CompletionPort { get; set; }

    internal ListenerOptions Validated()
    {
        Limits.Between(FirstDataBytes, 0, 65536, nameof(FirstDataBytes));
        Limits.Positive(FirstDataTimeout, nameof(FirstDataTimeout));
        Limits.Between(MaxPendingFirstData, 1, 65536, nameof(MaxPendingFirstData));
        Limits.Between(Backlog, 1, 65535, nameof(Backlog));
        Limits.Between(PendingAccepts, 1, 4096, nameof(PendingAccepts));
        return (ListenerOptions)MemberwiseClone();
    }
}
