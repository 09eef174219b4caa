using System.Net.Sockets;

namespace RxSockets.Sockets;

/// <summary>What an accept error means for the stream.</summary>
internal enum AcceptErrorKind
{
    /// <summary>One client went away while it was being accepted: counted, accepting goes on at once.</summary>
    Transient,

    /// <summary>Descriptors, buffers or memory ran out: accepting pauses, then goes on.</summary>
    Exhaustion,

    /// <summary>The listening handle is of no use any more: the stream ends with the error.</summary>
    Fatal,
}

/// <summary>Which accept errors end a stream, and how long the pauses are: 5 ms, doubling to 1 s, back to 5 ms after a success (as Go's net/http does).</summary>
internal sealed class AcceptErrorPolicy
{
    public static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(5);
    public static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(1);

    private TimeSpan _next = FirstPause;

    public static AcceptErrorKind Classify(SocketError error) => error switch
    {
        // NotConnected: System.Net.Sockets on Windows, for a client that was gone when its context was updated (dotnet/runtime#922).
        SocketError.ConnectionReset or SocketError.ConnectionAborted or SocketError.NotConnected or SocketError.ProtocolOption or SocketError.Interrupted
            or SocketError.NetworkDown or SocketError.NetworkUnreachable or SocketError.HostDown or SocketError.HostUnreachable
            or SocketError.TimedOut => AcceptErrorKind.Transient,
        SocketError.TooManyOpenSockets or SocketError.NoBufferSpaceAvailable or SocketError.ProcessLimit => AcceptErrorKind.Exhaustion,
        _ => AcceptErrorKind.Fatal,
    };

    public TimeSpan NextPause()
    {
        TimeSpan pause = _next;
        _next = TimeSpan.FromTicks(Math.Min(_next.Ticks * 2, LongestPause.Ticks));
        return pause;
    }

    public void Succeeded() => _next = FirstPause;
}
