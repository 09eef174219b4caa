namespace RxSockets.Benchmarks.Servers;

/// <summary>What a server under test does.</summary>
internal enum Service
{
    /// <summary>What comes in goes out, until the peer's FIN.</summary>
    Echo,

    /// <summary>Answers <c>p</c> by 16 sends of 256 bytes, none waited for before the next, and <c>c</c> by one send of 4 KiB.</summary>
    Burst,

    /// <summary>Sends 1 MiB after 1 MiB.</summary>
    Stream,

    /// <summary>Receives without end.</summary>
    Sink,

    /// <summary>Takes a connection with its first bytes, sends them back and closes.</summary>
    Accept,

    /// <summary>Sends 1 KiB, a file, 1 KiB, and closes.</summary>
    File,

    /// <summary>A datagram goes back to its sender.</summary>
    Datagram,

    /// <summary>Answers every received segment by as many other bytes; read by <c>ReceiveAsync</c> into a buffer.</summary>
    ReplyAwaited,

    /// <summary>The same, read by <c>await foreach</c>.</summary>
    ReplyPulled,

    /// <summary>The same, all connections merged into one observable.</summary>
    ReplyMerged,
}
