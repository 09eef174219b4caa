namespace RxSockets.Benchmarks.Load;

/// <summary>What a connection of the load generator does, again and again.</summary>
internal enum LoadMode
{
    /// <summary>Sends a message, waits for as many bytes back.</summary>
    Echo,

    /// <summary>Asks by one byte for 16 times 256 bytes that the server sends piece by piece.</summary>
    Pieces,

    /// <summary>Asks by one byte for 4 KiB that the server sends at once.</summary>
    Coalesced,

    /// <summary>Receives without end.</summary>
    Receive,

    /// <summary>Sends without end.</summary>
    Send,

    /// <summary>Connects, sends, receives the echo, sends FIN, waits for the server's.</summary>
    Churn,

    /// <summary>Connects, sends, receives the echo and the server's FIN.</summary>
    Accept,

    /// <summary>Connects and receives until the server's FIN.</summary>
    File,

    /// <summary>Connects and says nothing.</summary>
    Idle,

    /// <summary>Sends a datagram, waits for it to come back.</summary>
    Datagram,
}
