using System.Net.Sockets;

namespace RxSockets.Sockets;

/// <summary>Socket exceptions that say what was being done.</summary>
internal static class SocketErrors
{
    public static SocketException Create(SocketError error, string doing, object? where)
    {
        string text = new SocketException((int)error).Message;
        return new SocketException((int)error, where is null ? $"{text} ({error}, while {doing})" : $"{text} ({error}, while {doing}, {where})");
    }
}
