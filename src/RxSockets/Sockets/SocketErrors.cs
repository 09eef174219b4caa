using System.Net.Sockets;

namespace RxSockets.Sockets;

/// <summary>Socket exceptions that say what was being done.</summary>
internal static class SocketErrors
{
    /// <summary>With what user code threw as the cause: a SocketException takes no inner exception, so that is told in the message.</summary>
    public static SocketException Create(SocketError error, string doing, object? where, Exception? cause = null)
    {
        string text = new SocketException((int)error).Message;
        if (cause is not null)
            text = $"{text}: {cause.GetType().Name}: {cause.Message}";
        return new SocketException((int)error, where is null ? $"{text} ({error}, while {doing})" : $"{text} ({error}, while {doing}, {where})");
    }
}
