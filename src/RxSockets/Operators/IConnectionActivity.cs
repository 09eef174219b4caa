namespace RxSockets;

/// <summary>
/// A connection as the operators on streams of connections see it: its age, when it last spoke, and a way to end it. <see cref="RxConnection"/> is
/// one; a test's fake with a virtual clock is another. All members may be called from any thread, also after the end.
/// </summary>
public interface IConnectionActivity
{
    /// <summary>It is closed or being closed. Cheap.</summary>
    bool IsClosed { get; }

    /// <summary>Time since the connection was established (the backlog counts); null once it is closed. May cost a system call.</summary>
    TimeSpan? Age { get; }

    /// <summary>Time since bytes last came; since establishment where none did. May cost a system call then.</summary>
    TimeSpan SinceLastReceive { get; }

    /// <summary>Time since bytes last came or left; since establishment where none did.</summary>
    TimeSpan SinceLastActivity { get; }

    /// <summary>Bytes received so far. Bytes that wait in the kernel are not counted.</summary>
    long BytesReceived { get; }

    /// <summary>Bytes that came and that nobody took yet, in the kernel and in the connection. May cost a system call.</summary>
    long UnreadBytes { get; }

    /// <summary>Completes when the connection is closed, by whomever. Never faults.</summary>
    Task Closed { get; }

    /// <summary>Ends the connection at once; <see cref="RxConnection.Closed"/> then says <see cref="ConnectionCloseReason.Dropped"/> and the reason.</summary>
    /// <param name="reason">A sentence for logs, naming the rule.</param>
    void Abort(string reason);
}
